"""One way to do one workload in PyTorch, on one thread or on a GPU. It answers a line on stdin by a line of JSON.

Arguments: the folder of the workloads; network, dense or list; the strategy; the number of poses; the device, which is
cpu unless cuda is asked for. Or the folder; matmul, exp or softplus; which operands of the product are transposed, as TN, or
nothing; its m, k and n, or the number of entries.
"""

import gc
import json
import sys
import time

import numpy
import torch

torch.set_num_threads(1)

folder, workload, strategy, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
is_kernel = workload in ("matmul", "exp", "softplus")
device = sys.argv[5] if len(sys.argv) > 5 and not is_kernel else "cpu"
if device not in ("cpu", "cuda"):
    sys.exit(f"error: there is no device {device}; there are cpu and cuda")
if device == "cuda" and not torch.cuda.is_available():
    sys.exit("error: PyTorch finds no GPU: torch.cuda.is_available() is False")


def kernel():
    """A product, or a function of entries: what is repeated, on tensors that stay the same."""
    if workload == "matmul":
        m, k, n = (int(length) for length in sys.argv[4:7])
        a = torch.rand(k, m).T if strategy[0] == "T" else torch.rand(m, k)
        b = torch.rand(n, k).T if strategy[1] == "T" else torch.rand(k, n)
        out = torch.empty(m, n)
        return lambda: torch.mm(a, b, out=out)
    x = torch.sin(torch.arange(count)) * 4
    out = torch.empty_like(x)
    return (lambda: torch.exp(x, out=out)) if workload == "exp" else (lambda: torch.nn.functional.softplus(x))


def numbers(name, kind, length=-1):
    return numpy.fromfile(f"{folder}/{name}.bin", kind, length)


def sizes(name):
    with open(f"{folder}/{name}.json") as file:
        return json.load(file)


def constant(array):
    return torch.tensor(array, device=device)


def index(array):
    return constant(array.astype(numpy.int64))


def leaf(array):
    return constant(array).requires_grad_(True)


def network_task():
    """SchNet: see examples/schnet."""
    meta = sizes("A_shapes")
    atoms, edges, blocks, cutoff = meta["n"], meta["E"], meta["B"], meta["cut"]
    flat, params, at = numbers("A_params", numpy.float32), {}, 0
    for name, rows, columns in meta["shapes"]:
        params[name] = leaf(flat[at : at + rows * columns].reshape(rows, columns).copy())
        at += rows * columns
    z, d = numbers("A_z", numpy.int32, count * atoms), numbers("A_dist", numpy.float32, count * edges)
    src, dst = [numbers(name, numpy.int32, count * edges) for name in ("A_src", "A_dst")]
    poses = []
    for n in range(count):
        a, e = slice(n * atoms, (n + 1) * atoms), slice(n * edges, (n + 1) * edges)
        poses.append((index(z[a]), index(src[e]), index(dst[e]), constant(d[e].copy())))
    centers = torch.linspace(0, cutoff, meta["G"], device=device)
    gamma = 0.5 / (cutoff / (meta["G"] - 1)) ** 2

    zero = torch.zeros((), device=device)

    def soft(x):
        return torch.nn.functional.softplus(x) - numpy.log(2).item()

    def score(pose):
        z, src, dst, d = pose
        p = params
        basis = torch.exp(-gamma * (d[:, None] - centers) ** 2)
        fade = torch.where(d < cutoff, 0.5 * (torch.cos(d * (numpy.pi / cutoff)) + 1), zero)
        x = p["emb"][z]
        for k in range(blocks):
            inner = soft(basis @ p[f"f1w{k}"] + p[f"f1b{k}"])
            filters = (inner @ p[f"f2w{k}"] + p[f"f2b{k}"]) * fade[:, None]
            messages = (x @ p[f"lin1{k}"]).index_select(0, src) * filters
            received = torch.zeros_like(x).index_add(0, dst, messages)
            x = x + soft(received @ p[f"l2w{k}"] + p[f"l2b{k}"]) @ p[f"l3w{k}"] + p[f"l3b{k}"]
        return (soft(x @ p["o1w"] + p["o1b"]) @ p["o2w"] + p["o2b"]).sum()

    return list(params.values()), poses, score


def pairs_task():
    """A Vina-like pair potential: see bench/workloads/pairs.ts."""
    meta = sizes("B_meta")
    rows, columns, cutoff, rotors = meta["nl"], meta["nr"], meta["cut"], meta["Nrot"]
    ligand, receptor = numbers("B_tl", numpy.int32), numbers("B_tr", numpy.int32)
    d = numbers("B_d", numpy.float32, count * rows * columns).reshape(count, rows, columns)
    flat = numbers("B_params", numpy.float32)
    weights, radii = leaf(flat[:6].copy()), leaf(flat[6:].copy())

    def masks(a, b):
        hydrophobic = (a % 3 == 0) & (b % 3 == 0)
        hydrogen_bond = (a % 3 == 1) & (b % 3 == 2)
        return [constant(each.astype(numpy.float32)) for each in (hydrophobic, hydrogen_bond)]

    def energies(s, hydrophobic, hydrogen_bond):
        near = weights[0] * torch.exp(-((s / 0.5) ** 2))
        far = weights[1] * torch.exp(-(((s - 3) / 2) ** 2))
        repulsion = weights[2] * torch.clamp(s, max=0) ** 2
        touching = weights[3] * torch.clamp(1.5 - s, 0, 1) * hydrophobic
        bonded = weights[4] * torch.clamp(s / -0.7, 0, 1) * hydrogen_bond
        return near + far + repulsion + touching + bonded

    def per_rotor(energy):
        return energy / (1 + weights[5] * rotors)

    if workload == "list":
        poses = []
        for distances in d:
            i, j = numpy.nonzero(distances < cutoff)
            a, b = ligand[i], receptor[j]
            poses.append((constant(distances[i, j]), index(a), index(b), *masks(a, b)))

        def score(pose):
            distances, a, b, hydrophobic, hydrogen_bond = pose
            return per_rotor(energies(distances - radii[a] - radii[b], hydrophobic, hydrogen_bond).sum())

    else:
        a, b = index(ligand), index(receptor)
        hydrophobic, hydrogen_bond = masks(ligand[:, None], receptor[None, :])
        poses = [constant(distances.copy()) for distances in d]

        def score(distances):
            s = distances - radii[a][:, None] - radii[b]
            return per_rotor((energies(s, hydrophobic, hydrogen_bond) * (distances < cutoff)).sum())

    return [weights, radii], poses, score


is_kernel = workload in ("matmul", "exp", "softplus")
params, poses, score = ([], [], None) if is_kernel else network_task() if workload == "network" else pairs_task()


def minimum(energies):
    return -torch.logsumexp(-energies, 0)


def full_graph():
    total = minimum(torch.stack([score(pose) for pose in poses]))
    return total.item(), torch.autograd.grad(total, params)


def stored():
    energies, slopes = [], []
    for pose in poses:
        energy = score(pose)
        slopes.append(torch.autograd.grad(energy, params))
        energies.append(energy.detach())
    stacked = torch.stack(energies).requires_grad_(True)
    total = minimum(stacked)
    (shares,) = torch.autograd.grad(total, stacked)
    return total.item(), [sum(c * each for c, each in zip(shares, column)) for column in zip(*slopes)]


def stream():
    lowest, weight_sum = float("inf"), 0.0
    sums = [torch.zeros_like(param) for param in params]
    for pose in poses:
        energy = score(pose)
        slopes = torch.autograd.grad(energy, params)
        number = energy.item()
        if number < lowest:
            shrink = float(numpy.exp(number - lowest))
            weight_sum *= shrink
            for each in sums:
                each.mul_(shrink)
            lowest = number
        weight = float(numpy.exp(lowest - number))
        weight_sum += weight
        for each, slope in zip(sums, slopes):
            each.add_(slope, alpha=weight)
    return lowest - float(numpy.log(weight_sum)), [each / weight_sum for each in sums]


run = kernel() if is_kernel else {"full-graph": full_graph, "stored": stored, "stream": stream}[strategy]


def peak_bytes():
    """As in bench/support/peak.ts: the peak of getrusage begins with what the process that started this one held."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def peak():
    gc.collect()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # sets the peak back, on Linux
    except OSError:
        return {"processBytes": None}
    before = peak_bytes()
    run()
    return {"processBytes": peak_bytes() - before}


def check():
    value, gradient = run()
    return {"value": value, "norm": float(torch.sqrt(sum((slope**2).sum() for slope in gradient)))}


def finish():
    """A GPU goes on working after a call has returned."""
    if device == "cuda":
        torch.cuda.synchronize()


def timed(times):
    """Milliseconds a run, by CPU time and by the clock."""
    finish()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        run()
    finish()
    return [1000 * (now - start) / times for now, start in ((time.process_time(), cpu), (time.perf_counter(), wall))]


per_run = None


def one_round():
    global per_run
    if per_run is None:
        spent = runs = 0
        while runs < 2 or spent < 1500:
            repeats = 100 if is_kernel else 1
            per_run = max(timed(repeats))
            spent += per_run * repeats
            runs += 1
    cpu, wall = timed(max(1, round(60 / per_run)))
    units = 1 if is_kernel else count
    return {"cpu": cpu / units, "wall": wall / units}


def device_facts():
    if device == "cpu":
        return {"name": "CPU", "peakBytes": 0}
    torch.cuda.reset_peak_memory_stats()
    run()
    finish()
    return {"name": torch.cuda.get_device_name(), "peakBytes": torch.cuda.max_memory_allocated()}


answers = {
    "peak": peak,
    "check": check,
    "round": one_round,
    "device": device_facts,
    "version": lambda: {"version": torch.__version__},
}
for line in sys.stdin:
    print(json.dumps(answers[line.strip()]()), flush=True)
