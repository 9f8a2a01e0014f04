"""Writes table.jsonl: parameters after each step of PyTorch's optimisers in float64, for fixed gradients.

    python3 test/fit/pytorch/make-table.py        # written by PyTorch 1.13.0
"""
import json
import pathlib
import random
import torch

random.seed(7)
start = {'w': [[0.5, -1.25, 3.0], [0.0, 1e-3, -40.0]], 'b': [0.25]}
draw = lambda size, scale: [random.gauss(0, scale) for _ in range(size)]
# Small and large scales, so that running means decay and clipping takes effect. One gradient is 0.
scales = [1, 0.1, 10, 1e-4, 1, 0, 100, 1e-8, 0.5, 2, 1, 1]
gradients = [{'w': draw(6, s), 'b': draw(1, s)} for s in scales]

rate = 0.05
schedule = lambda step: rate * min(1, step / 4) * 0.9 ** step
cases = [
    ('adam', torch.optim.Adam, {}, {}),
    ('adam', torch.optim.Adam, {'betas': (0.8, 0.95), 'eps': 1e-4}, {}),
    ('adam', torch.optim.Adam, {'weight_decay': 0.1}, {}),
    ('adam', torch.optim.Adam, {}, {'schedule': True, 'clip': {'norm': 1.0}}),
    ('adamw', torch.optim.AdamW, {}, {}),
    ('adamw', torch.optim.AdamW, {'weight_decay': 0.3}, {'schedule': True}),
    ('sgd', torch.optim.SGD, {}, {}),
    ('sgd', torch.optim.SGD, {'momentum': 0.9}, {}),
    ('sgd', torch.optim.SGD, {'momentum': 0.9, 'nesterov': True, 'weight_decay': 0.02}, {}),
    ('sgd', torch.optim.SGD, {'momentum': 0.5, 'weight_decay': 0.2}, {'clip': {'norm': 0.7}}),
    ('sgd', torch.optim.SGD, {'momentum': 0.9}, {'clip': {'value': 0.3}, 'freeze': ['b'], 'schedule': True}),
    ('adam', torch.optim.Adam, {}, {'freeze': ['w'], 'clip': {'norm': 0.1}}),
]


def parameters_by_step(optimiser, options, more):
    theta = {n: torch.tensor(v, dtype=torch.float64, requires_grad=n not in more.get('freeze', [])) for n, v in start.items()}
    trained = [t for t in theta.values() if t.requires_grad]
    opt = optimiser(trained, lr=rate, **options)
    after = []
    for step, gradient in enumerate(gradients, 1):
        if more.get('schedule'):
            opt.param_groups[0]['lr'] = schedule(step)
        for n, t in theta.items():
            if t.requires_grad:
                t.grad = torch.tensor(gradient[n], dtype=torch.float64).view(t.shape)
        clip = more.get('clip', {})
        if 'norm' in clip:
            torch.nn.utils.clip_grad_norm_(trained, clip['norm'])
        if 'value' in clip:
            torch.nn.utils.clip_grad_value_(trained, clip['value'])
        opt.step()
        after.append([x for n in start for x in theta[n].detach().view(-1).tolist()])
    return after


common = {'made by': 'PyTorch ' + torch.__version__, 'rate': rate, 'start': start, 'gradients': gradients}
lines = [common] + [{'optimiser': n, 'options': o, **m, 'after': parameters_by_step(c, o, m)} for n, c, o, m in cases]
pathlib.Path(__file__).with_name('table.jsonl').write_text(''.join(json.dumps(line) + '\n' for line in lines))
