"""Process that benchmarks measure. It runs a workload in PyTorch, on $OMP_NUM_THREADS threads (default 1) or on a GPU.

It answers questions, which are lines on stdin, with lines of JSON. Its arguments are

    <folder of the workloads> <workload> <strategy> <number of poses> [device] [poses per batch]
    <folder of the workloads> matmul <transposes, such as TN> <m> <k> <n>

A workload is network, small, list or messages, or a scorer of the ladder such as dense,16,3,8. A strategy is stream, full-graph
or batched. A device is cpu (the default) or cuda.
"""

import gc
import json
import os
import sys
import time

import numpy
import torch

from torch_networks import network

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

folder, workload, strategy, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
is_product = workload == "matmul"
device = sys.argv[5] if len(sys.argv) > 5 and not is_product else "cpu"
per_batch = int(sys.argv[6]) if len(sys.argv) > 6 and not is_product else 1


def product():
    """Returns a function that computes a matrix product of fixed tensors."""
    m, k, n = (int(length) for length in sys.argv[4:7])
    a = torch.rand(k, m).T if strategy[0] == "T" else torch.rand(m, k)
    b = torch.rand(n, k).T if strategy[1] == "T" else torch.rand(k, n)
    out = torch.empty(m, n)
    return lambda: torch.mm(a, b, out=out)


def constant(array):
    return torch.tensor(array, device=device)


def index(array):
    return constant(array.astype(numpy.int64))


def leaf(array):
    return constant(array).requires_grad_(True)


def read():
    """Reads the settings, parameters by name, and poses of a workload: see bench/workloads/data.ts."""
    with open(f"{folder}/{workload}.json") as file:
        meta = json.load(file)
    data = {field: numpy.fromfile(f"{folder}/{workload}.{field}.bin", kind) for field, kind in meta["arrays"].items()}
    params, at = {}, 0
    for name, shape in meta["shapes"]:
        size = int(numpy.prod(shape))
        params[name] = leaf(data["params"][at : at + size].reshape(shape).copy())
        at += size
    graphs, atom, edge = [], 0, 0
    for n in range(min(count, len(data["atoms"]))):
        a, e = slice(atom, atom + data["atoms"][n]), slice(edge, edge + data["edges"][n])
        graph = {field: data[field][e] for field in ("src", "dst", "lengths")}
        coordinates = data["coordinates"].reshape(-1, 3)[a]
        graphs.append({**graph, "types": data["types"][a], "coordinates": coordinates, "ligandAtoms": data["ligands"][n]})
        atom, edge = a.stop, e.stop
    return meta["settings"], params, [graphs[n % len(graphs)] for n in range(count)]


def schnet_task():
    """SchNet: see examples/schnet. Workload small computes the distances from coordinates."""
    settings, p, graphs = read()
    cutoff, bases, is_small = settings["cutoff"], settings["gaussians"], workload == "small"
    field = "coordinates" if is_small else "lengths"
    poses = [(*[index(g[name]) for name in ("types", "src", "dst")], constant(g[field].copy())) for g in graphs]
    centers = torch.linspace(0, cutoff, bases, device=device)
    gamma = 0.5 / (cutoff / (bases - 1)) ** 2
    zero = torch.zeros((), device=device)

    def soft(x):
        return torch.nn.functional.softplus(x) - numpy.log(2).item()

    def dense(layer, x):
        y = x @ p[f"{layer}.weight"]
        return y + p[f"{layer}.bias"] if f"{layer}.bias" in p else y

    def score(pose):
        z, src, dst, d = pose
        if is_small:
            d = torch.linalg.norm(d[src] - d[dst], dim=1)
        basis = torch.exp(-gamma * (d[:, None] - centers) ** 2)
        fade = torch.where(d < cutoff, 0.5 * (torch.cos(d * (numpy.pi / cutoff)) + 1), zero)
        x = p["embedding"][z]
        for k in range(settings["interactions"]):
            block = f"interaction{k}."
            filters = dense(block + "filter2", soft(dense(block + "filter1", basis))) * fade[:, None]
            messages = dense(block + "atomwise1", x).index_select(0, src) * filters
            received = torch.zeros_like(x).index_add(0, dst, messages)
            x = x + dense(block + "atomwise3", soft(dense(block + "atomwise2", received)))
        return dense("readout2", soft(dense("readout1", x))).sum()

    return list(p.values()), poses, score


def pairs_task():
    """A Vina-like pair potential: see bench/workloads/pairs.ts."""
    settings, params, graphs = read()
    weights, radii = params["weights"], params["radii"]
    poses = []
    for g in graphs:
        a, b = g["types"][g["src"]], g["types"][g["dst"]]
        masks = (a % 3 == 0) & (b % 3 == 0), (a % 3 == 1) & (b % 3 == 2)
        masks = [constant(mask.astype(numpy.float32)) for mask in masks]
        poses.append((constant(g["lengths"].copy()), index(a), index(b), *masks))

    def score(pose):
        distances, a, b, hydrophobic, hydrogen_bond = pose
        s = distances - radii[a] - radii[b]
        near = weights[0] * torch.exp(-((s / 0.5) ** 2))
        far = weights[1] * torch.exp(-(((s - 3) / 2) ** 2))
        repulsion = weights[2] * torch.clamp(s, max=0) ** 2
        touching = weights[3] * torch.clamp(1.5 - s, 0, 1) * hydrophobic
        bonded = weights[4] * torch.clamp(s / -0.7, 0, 1) * hydrogen_bond
        energy = (near + far + repulsion + touching + bonded).sum()
        return energy / (1 + weights[5] * settings["rotors"])

    return [weights, radii], poses, score


def messages_task():
    """Message passing with the loss of a compound, each compound in one batch: see bench/workloads/messages.ts."""
    settings, p, graphs = read()
    cutoff, per_compound = settings["cutoff"], settings["posesPerCompound"]
    centers = 0.5 * torch.arange(1, settings["bases"] + 1, device=device)
    compounds = []
    for c in range(count // per_compound):
        group = graphs[c * per_compound : (c + 1) * per_compound]
        offsets = numpy.cumsum([0] + [len(g["types"]) for g in group])
        joined = lambda field, shift=0: numpy.concatenate([g[field] + shift * at for g, at in zip(group, offsets)])
        ligand = numpy.concatenate([at + numpy.arange(g["ligandAtoms"]) for g, at in zip(group, offsets)])
        owner = numpy.repeat(numpy.arange(per_compound), [g["ligandAtoms"] for g in group])
        indices = joined("types"), joined("src", 1), joined("dst", 1), ligand, owner
        compounds.append((*map(index, indices), constant(joined("lengths")), c % 5 - 2))

    def score(compound):
        z, src, dst, ligand, owner, d, target = compound
        fade = torch.where(d < cutoff, 0.5 * (torch.cos(d * (numpy.pi / cutoff)) + 1), torch.zeros_like(d))
        basis = torch.exp(-2 * (d[:, None] - centers) ** 2) * fade[:, None]
        h = p["embedding"][z]
        for l in "01":
            received = torch.zeros_like(h).index_add(0, dst, h[src] * (basis @ p["filter" + l]))
            h = h + torch.tanh(received @ p["mix" + l] + p["bias" + l])
        e = torch.zeros(per_compound, device=device).index_add(0, owner, (h @ p["out"])[ligand, 0])
        kT = 0.593  # kcal/mol, at room temperature
        return ((torch.softmax(-e / kT, 0) * e).sum() - target) ** 2

    return list(p.values()), compounds, score


# Scorers of any size: see bench/workloads/ladder.ts. A batch gives one number, like a pose: the smooth minimum of its poses.

types, bases = 10, 8
batches = [range(at, min(at + per_batch, count)) for at in range(0, count, per_batch)]


def spread(length, seed):
    products = (numpy.arange(length, dtype=numpy.uint64) + numpy.uint64(1 + seed)) * numpy.uint64(2654435761)
    return ((products % numpy.uint64(2**32)).astype(numpy.float64) / 2**32 - 0.5).astype(numpy.float32)


def matrix(rows, columns, seed, scale):
    return leaf((numpy.float32(scale) * spread(rows * columns, seed)).reshape(rows, columns))


def batch_energy(e):
    return e[0] if per_batch == 1 else minimum(e)


def join(array_of, batch):
    """Joins the arrays of a batch. `array_of(at, n)` returns the array of pose n, which is at position `at` in the batch."""
    return numpy.concatenate([array_of(at, n) for at, n in enumerate(batch)])


def ladder_pairs(pairs):
    depth, radius = leaf(spread(types, 1)), leaf(3 + spread(types, 2))
    poses = []
    for batch in batches:
        type_of = join(lambda _, n: (7 * numpy.arange(pairs) + n) % types, batch)
        distance = join(lambda _, n: 3 + 2 * spread(pairs, 100 + n * pairs), batch)
        poses.append((index(type_of), constant(distance.astype(numpy.float32)), len(batch)))

    def score(pose):
        type_of, distance, n = pose
        energies = depth[type_of] * torch.exp(-((distance - radius[type_of]) ** 2))
        return batch_energy(energies.view(n, pairs).sum(1))

    return [depth, radius], poses, score


def ladder_dense(width, layers, rows):
    params = [matrix(width, width, 1000 * l, 4 / numpy.sqrt(width)) for l in range(layers)]
    poses = []
    for batch in batches:
        x = join(lambda _, n: spread(rows * width, 100 + n * rows * width), batch)
        poses.append((constant(x.reshape(-1, width)), len(batch)))

    def score(pose):
        h, n = pose
        for weights in params:
            h = h + torch.tanh(h @ weights) / layers
        return batch_energy(h.sum(1).view(n, rows).sum(1) / rows)

    return params, poses, score


def ladder_graph(atoms, edges, features):
    weights = lambda rows, columns, seed: matrix(rows, columns, seed, 1 / numpy.sqrt(rows))
    embedding, out = weights(types, features, 1), weights(features, 1, 2)
    layers = [(weights(bases, features, 1000 * l), weights(features, features, 1000 * l + 500)) for l in range(2)]
    atom, edge = numpy.arange(atoms), numpy.arange(edges)
    poses = []
    for batch in batches:
        type_of = index(join(lambda _, n: (7 * atom + n) % types, batch))
        src = index(join(lambda at, n: (7 * edge + n) % atoms + at * atoms, batch))
        dst = index(join(lambda at, _: edge * atoms // edges + at * atoms, batch))
        basis = constant(join(lambda _, n: spread(edges * bases, 100 + n * edges * bases), batch).reshape(-1, bases))
        poses.append((type_of, src, dst, basis, len(batch)))

    def score(pose):
        type_of, src, dst, basis, n = pose
        h = embedding[type_of]
        for filters, mix in layers:
            received = torch.zeros_like(h).index_add(0, dst, h[src] * (basis @ filters))
            h = h + torch.tanh(received @ mix)
        return batch_energy((h @ out).view(n, atoms).sum(1) / atoms)

    return [embedding, *[weight for layer in layers for weight in layer], out], poses, score


def minimum(energies):
    return -torch.logsumexp(-energies, 0)


def ladder_network(kind):
    return lambda *sizes: network(kind, *sizes, count, device, leaf, spread)


networks = {kind: ladder_network(kind) for kind in ("painn", "gat")}
makers = {**networks, "pairs": ladder_pairs, "dense": ladder_dense, "graph": ladder_graph, "list": pairs_task, "messages": messages_task}
kind, *sizes = workload.split(",")
task = ([], [], None) if is_product else makers.get(kind, schnet_task)(*[int(size) for size in sizes])
params, poses, score = task


def full_graph():
    total = minimum(torch.stack([score(pose) for pose in poses]))
    return total.item(), torch.autograd.grad(total, params)


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
            for total in sums:
                total.mul_(shrink)
            lowest = number
        weight = float(numpy.exp(lowest - number))
        weight_sum += weight
        for total, slope in zip(sums, slopes):
            total.add_(slope, alpha=weight)
    return lowest - float(numpy.log(weight_sum)), [total / weight_sum for total in sums]


def batch_loss():
    """Returns the sum of the compounds' losses, and its gradient."""
    loss_sum, sums = 0.0, [torch.zeros_like(param) for param in params]
    for compound in poses:
        loss = score(compound)
        for total, slope in zip(sums, torch.autograd.grad(loss, params)):
            total.add_(slope)
        loss_sum += loss.item()
    return loss_sum, sums


run = product() if is_product else batch_loss if workload == "messages" else full_graph if strategy == "full-graph" else stream


def peak_bytes():
    """Returns the peak memory of this process. As in bench/support/peak.ts, getrusage is unusable for this."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def answer(result):
    value, gradient = result
    return {"value": value, "norm": float(torch.sqrt(sum((slope**2).sum() for slope in gradient)))}


def peak():
    """Returns memory, answer and milliseconds per pose of the first run."""
    gc.collect()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # resets the peak, on Linux
        before = peak_bytes()
    except OSError:
        before = None
    results = []
    cpu, wall = timed(1, lambda: results.append(run()))
    process_bytes = None if before is None else peak_bytes() - before
    on_device = torch.cuda.max_memory_allocated() if device == "cuda" else 0
    return {**answer(results[0]), "cpu": cpu / count, "wall": wall / count, "processBytes": process_bytes, "deviceBytes": on_device}


def finish():
    """Waits for the GPU, which continues to compute after a call has returned."""
    if device == "cuda":
        torch.cuda.synchronize()


def timed(times, work=run):
    """Returns milliseconds per run, as CPU time and as wall-clock time."""
    finish()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        work()
    finish()
    return [1000 * (now - start) / times for now, start in ((time.process_time(), cpu), (time.perf_counter(), wall))]


per_run = None


def one_round():
    global per_run
    if per_run is None:
        spent = runs = 0
        while runs < 2 or spent < float(os.environ.get("BENCH_WARM_UP", 1500)):
            repeats = 100 if is_product else 1
            per_run = max(timed(repeats))
            spent += per_run * repeats
            runs += 1
    cpu, wall = timed(max(1, round(60 / per_run)))
    units = 1 if is_product else count
    return {"cpu": cpu / units, "wall": wall / units}


def since():
    wall = 1000 * time.time() - float(os.environ["BENCH_STARTED"])
    return {"cpu": 1000 * time.process_time(), "wall": wall}


def calls():
    """Returns CPU milliseconds per pose for each of 1000 successive calls with 8 poses."""
    global poses
    all_poses, times = poses, []
    per_call = 8 // per_batch
    for call in range(1000):
        poses = [all_poses[(per_call * call + i) % len(all_poses)] for i in range(per_call)]
        times.append(timed(1)[0] / 8)
    poses = all_poses
    return {"times": times}


def version():
    """Returns the versions of PyTorch and its BLAS library. The reference BLAS is about ten times slower than others."""
    torch.rand(64, 64) @ torch.rand(64, 64)
    with open("/proc/self/maps") as maps:
        libraries = {line.split("/")[-1].strip() for line in maps if ".so" in line}
    fast = sorted(name for name in libraries if any(library in name for library in ("openblas", "mkl", "blis")))
    is_plain = not fast and any(name.startswith("libblas") for name in libraries)
    blas = fast[0] if fast else "the reference BLAS, which is slow" if is_plain else ""
    return {"version": torch.__version__, "blas": blas}


check = lambda: answer(run())
answers = {"since": since, "calls": calls, "peak": peak, "check": check, "round": one_round, "version": version}
for line in sys.stdin:
    print(json.dumps(answers[line.strip()]()), flush=True)
