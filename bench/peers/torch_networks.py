"""PaiNN and the graph attention network of the ladder, pose by pose: see bench/workloads/networks.ts and examples/."""

import numpy
import torch


def network(kind, features, blocks, atoms, count, device, leaf, spread):
    """Returns the parameters, poses and scorer of a network."""
    cutoff, bases, heads = 4, 16, 4
    constant = lambda array: torch.tensor(array, device=device)
    index = lambda array: constant(array.astype(numpy.int64))
    dense = lambda name, rows, columns: [(f"{name}.weight", rows, columns), (f"{name}.bias", 1, columns)]
    shapes = [("embedding", 100, features)]
    for k in range(blocks):
        if kind == "painn":
            name = f"interaction{k}"
            shapes += dense(f"{name}.filter", bases, 3 * features) + dense(f"{name}.message1", features, features)
            shapes += dense(f"{name}.message2", features, 3 * features)
            shapes += [(f"{name}.mix{each}.weight", features, features) for each in "VU"]
            shapes += dense(f"{name}.update1", 2 * features, features) + dense(f"{name}.update2", features, 3 * features)
        else:
            layer_shapes = [("weight", features, features), ("source", heads, features // heads)]
            layer_shapes += [("target", heads, features // heads), ("edge", bases, heads)]
            shapes += [(f"layer{k}.{name}", rows, columns) for name, rows, columns in layer_shapes]
    shapes += dense("readout1", features, features // 2) + dense("readout2", features // 2, 1)
    p = {}
    for n, (name, rows, columns) in enumerate(shapes):
        scale = 0.2 if rows == 1 else 2 / numpy.sqrt(rows)
        p[name] = leaf((scale * spread(rows * columns, 1000 * n)).astype(numpy.float32).reshape(rows, columns))
    poses, lattice = [], numpy.arange(atoms)
    for n in range(count):
        at = 1.5 * numpy.stack([lattice % 4, lattice // 4 % 4, lattice // 16], 1)
        at = at + 0.6 * spread(3 * atoms, 100 + 3 * n * atoms).astype(numpy.float64).reshape(atoms, 3)
        squares = ((at[:, None] - at[None]) ** 2).sum(2)
        pairs = []
        for i, row in enumerate(squares):
            near = [j for j in numpy.argsort(row, kind="stable") if j != i and row[j] < cutoff**2][:16]
            pairs += [(j, i) for j in near]
        if kind == "gat":
            pairs += [(i, i) for i in range(atoms)]
        src, dst = numpy.array(pairs).T
        poses.append((constant(at.astype(numpy.float32)), index(src), index(dst)))
    z = index(6 + lattice % 3)
    silu, elu = torch.nn.functional.silu, torch.nn.functional.elu
    layer = lambda name, x: x @ p[name + ".weight"] + p[name + ".bias"]
    two = lambda name, x, between: layer(name + "2", between(layer(name + "1", x)))
    fading = lambda d: 0.5 * (torch.cos(d * (numpy.pi / cutoff)) + 1)
    frequencies = constant((numpy.arange(1, bases + 1) * numpy.pi / cutoff).astype(numpy.float32))
    centers = torch.linspace(0, cutoff, bases, device=device)
    gamma = 0.5 / (cutoff / (bases - 1)) ** 2

    def painn(pose):
        at, src, dst = pose
        r = at[src] - at[dst]
        d = r.norm(dim=1, keepdim=True)
        unit, basis, fade = (r / d)[:, :, None], torch.sin(d * frequencies) / d, fading(d)
        s, v = p["embedding"][z], torch.zeros(atoms, 3, features, device=device)
        for k in range(blocks):
            name = f"interaction{k}."
            messages = two(name + "message", s, silu)[src] * (layer(name + "filter", basis) * fade)
            ds, along, passed_on = messages.split(features, 1)
            dv = unit * along[:, None] + v[src] * passed_on[:, None]
            s, v = s.index_add(0, dst, ds), v.index_add(0, dst, dv)
            mixed_v, mixed_u = v @ p[name + "mixV.weight"], v @ p[name + "mixU.weight"]
            lengths = ((mixed_v**2).sum(1) + 1e-8).sqrt()
            change, product, scale = two(name + "update", torch.cat([s, lengths], 1), silu).split(features, 1)
            s = s + change + product * (mixed_u * mixed_v).sum(1)
            v = v + mixed_u * scale[:, None]
        return two("readout", s, silu).sum()

    def gat(pose):
        at, src, dst = pose
        d = (at[src] - at[dst]).norm(dim=1)
        basis, fade = torch.exp(-gamma * (d[:, None] - centers) ** 2), fading(d)[:, None]
        x = p["embedding"][z]
        for k in range(blocks):
            messages = (x @ p[f"layer{k}.weight"]).view(atoms, heads, -1)
            a, b = [(messages * p[f"layer{k}.{name}"]).sum(2) for name in ("source", "target")]
            logits = torch.nn.functional.leaky_relu(a[src] + b[dst] + basis @ p[f"layer{k}.edge"], 0.2)
            shares = torch.exp(logits - logits.detach().max(0, keepdim=True)[0]) * fade
            sums = torch.zeros(atoms, heads, device=device).index_add(0, dst, shares)
            attention = (shares / sums[dst])[:, :, None]
            received = torch.zeros_like(messages).index_add(0, dst, messages[src] * attention)
            x = x + elu(received.view(atoms, -1))
        return two("readout", x, elu).sum()

    return list(p.values()), poses, painn if kind == "painn" else gat
