"""One way to do one workload in PyTorch, on one thread or on a GPU. It answers a line on stdin by a line of JSON.

Arguments: the folder of the workloads; network, small, dense, list or messages, or a scorer of the ladder such as dense,16,3,8;
the strategy, or batched; the number of poses; the device, which is cpu unless cuda is asked for; and how many poses are in a
batch. Or the folder; matmul, exp or softplus; which operands of the product are transposed, as TN, or nothing; its m, k and n,
or the number of entries.
"""

import gc
import json
import os
import sys
import time

import numpy
import torch

torch.set_num_threads(1)

folder, workload, strategy, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
is_kernel = workload in ("matmul", "exp", "softplus")
device = sys.argv[5] if len(sys.argv) > 5 and not is_kernel else "cpu"
per_batch = int(sys.argv[6]) if len(sys.argv) > 6 and not is_kernel else 1
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
        return json.load(file)["fields"]


def constant(array):
    return torch.tensor(array, device=device)


def index(array):
    return constant(array.astype(numpy.int64))


def leaf(array):
    return constant(array).requires_grad_(True)


def read_params(name):
    flat, params, at = numbers(f"{name}.params", numpy.float32), {}, 0
    for param, rows, columns in sizes(name)["shapes"]:
        params[param] = leaf(flat[at : at + rows * columns].reshape(rows, columns).copy())
        at += rows * columns
    return params


def network_task():
    """SchNet: see examples/schnet. The small one measures its edges itself."""
    meta, params = sizes(workload), read_params(workload)
    atoms, edges, cutoff = meta["atoms"], meta["edges"], meta["sizes"]["cutoff"]
    blocks, bases = meta["sizes"]["interactions"], meta["sizes"]["gaussians"]
    z = numbers(f"{workload}.elements", numpy.int32, count * atoms)
    src, dst = [numbers(f"{workload}.{name}", numpy.int32, count * edges) for name in ("src", "dst")]
    is_small = workload == "small"
    if is_small:
        given = numbers("small.coordinates", numpy.float32, 3 * count * atoms).reshape(count, atoms, 3)
    else:
        given = numbers("network.distances", numpy.float32, count * edges).reshape(count, edges)
    poses = []
    for n in range(count):
        a, e = slice(n * atoms, (n + 1) * atoms), slice(n * edges, (n + 1) * edges)
        poses.append((index(z[a]), index(src[e]), index(dst[e]), constant(given[n].copy())))
    centers = torch.linspace(0, cutoff, bases, device=device)
    gamma = 0.5 / (cutoff / (bases - 1)) ** 2

    zero = torch.zeros((), device=device)

    def soft(x):
        return torch.nn.functional.softplus(x) - numpy.log(2).item()

    def score(pose):
        z, src, dst, d = pose
        p = params
        if is_small:
            d = torch.linalg.norm(d[src] - d[dst], dim=1)
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
    meta = sizes("pairs")
    cutoff, rotors = meta["cutoff"], meta["rotors"]
    ligand, receptor = [numbers(f"pairs.{name}Types", numpy.int32) for name in ("ligand", "receptor")]
    rows, columns = len(ligand), len(receptor)
    d = numbers("pairs.distances", numpy.float32, count * rows * columns).reshape(count, rows, columns)
    flat = numbers("pairs.params", numpy.float32)
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


def messages_task():
    """Message passing: see bench/workloads/messages.ts. A pose of the task is a compound, with its poses one by one or in one."""
    meta, params = sizes("messages"), read_params("messages")
    cutoff, bases, each = meta["cutoff"], meta["bases"], meta["posesPerCompound"]
    read = lambda name, kind=numpy.int32: numbers(f"messages.{name}", kind)
    atoms, edges, ligands = read("atoms"), read("edges"), read("ligands")
    first_atom, first_edge = numpy.cumsum(atoms) - atoms, numpy.cumsum(edges) - edges
    types, src, dst, d = read("types"), read("from"), read("to"), read("lengths", numpy.float32)
    targets = read("targets", numpy.float32)
    centers = constant(numpy.linspace(1, cutoff, bases, dtype=numpy.float32))

    def joined(of):
        """These poses as one graph, and of their atoms, those of ligands and the pose of each."""
        kinds, sources, goals, lengths, pose_of = [], [], [], [], []
        shift = 0
        for at, n in enumerate(of):
            a = slice(first_atom[n], first_atom[n] + atoms[n])
            e = slice(first_edge[n], first_edge[n] + edges[n])
            kinds.append(types[a])
            sources.append(src[e] + shift)
            goals.append(dst[e] + shift)
            lengths.append(d[e])
            pose_of.append((numpy.arange(ligands[n]) + shift, numpy.full(ligands[n], at)))
            shift += atoms[n]
        ligand_atoms, owner = [numpy.concatenate(parts) for parts in zip(*pose_of)]
        parts = [index(numpy.concatenate(each)) for each in (kinds, sources, goals)]
        return (*parts, constant(numpy.concatenate(lengths)), index(ligand_atoms), index(owner), len(of))

    def energies(graph):
        kinds, sources, goals, lengths, ligand_atoms, owner, poses = graph
        p = params
        fade = torch.where(lengths < cutoff, 0.5 * (torch.cos(lengths * (numpy.pi / cutoff)) + 1), torch.zeros_like(lengths))
        basis = torch.exp(-2 * (lengths[:, None] - centers) ** 2) * fade[:, None]
        h = p["embed"][kinds]
        for k in ("1", "2"):
            messages = h[sources] * (basis @ p["filter" + k])
            received = torch.zeros_like(h).index_add(0, goals, messages)
            h = h + torch.tanh(received @ p["mix" + k] + p["bias" + k])
        of_atoms = (h @ p["out"])[ligand_atoms, 0]
        return torch.zeros(poses, device=device).index_add(0, owner, of_atoms)

    compounds = []
    for c in range(count // each):
        of = range(c * each, (c + 1) * each)
        graphs = [joined(of)] if strategy == "batched" else [joined([n]) for n in of]
        compounds.append((graphs, targets[c].item()))

    def score(compound):
        graphs, target = compound
        e = energies(graphs[0]) if len(graphs) == 1 else torch.cat([energies(graph) for graph in graphs])
        return ((torch.softmax(-e / 0.593, 0) * e).sum() - target) ** 2

    return list(params.values()), compounds, score


def ladder_task():
    """Scorers of any size: see bench/workloads/ladder.ts. A batch is scored as one pose is, its minimum taken at once."""
    kind, *given = workload.split(",")

    def spread(length, seed):
        whole = (numpy.arange(length, dtype=numpy.uint64) + numpy.uint64(1 + seed)) * numpy.uint64(2654435761)
        return ((whole % numpy.uint64(2**32)).astype(numpy.float64) / 2**32 - 0.5).astype(numpy.float32)

    batches = [range(at, min(at + per_batch, count)) for at in range(0, count, per_batch)]

    def of_batch(e):
        return e[0] if per_batch == 1 else minimum(e)

    if kind == "pairs":
        pairs, types = int(given[0]), 10
        depth, radius = leaf(spread(types, 1)), leaf(3 + spread(types, 2))
        poses = []
        for batch in batches:
            type_of = numpy.concatenate([(7 * numpy.arange(pairs) + n) % types for n in batch])
            distance = numpy.concatenate([3 + 2 * spread(pairs, 100 + n * pairs) for n in batch])
            poses.append((index(type_of), constant(distance.astype(numpy.float32)), len(batch)))

        def score(pose):
            type_of, distance, n = pose
            each = depth[type_of] * torch.exp(-((distance - radius[type_of]) ** 2))
            return of_batch(each.view(n, pairs).sum(1))

        return [depth, radius], poses, score

    width, layers, rows = [int(each) for each in given]
    scale = numpy.float32(4 / numpy.sqrt(width))
    params = [leaf((scale * spread(width * width, 1000 * l)).reshape(width, width)) for l in range(layers)]
    poses = []
    for batch in batches:
        x = numpy.concatenate([spread(rows * width, 100 + n * rows * width) for n in batch])
        poses.append((constant(x.reshape(-1, width)), len(batch)))

    def score(pose):
        h, n = pose
        for weights in params:
            h = h + torch.tanh(h @ weights) / layers
        return of_batch(h.sum(1).view(n, rows).sum(1) / rows)

    return params, poses, score


def minimum(energies):
    return -torch.logsumexp(-energies, 0)


tasks = {"network": network_task, "small": network_task, "messages": messages_task, "list": pairs_task, "dense": pairs_task}
params, poses, score = ([], [], None) if is_kernel else ladder_task() if "," in workload else tasks[workload]()


def fitted():
    """The sum over compounds of a loss, and its gradient."""
    total, sums = 0.0, [torch.zeros_like(param) for param in params]
    for compound in poses:
        loss = score(compound)
        for each, slope in zip(sums, torch.autograd.grad(loss, params)):
            each.add_(slope)
        total += loss.item()
    return total, sums


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


ways = {"full-graph": full_graph, "stored": stored, "stream": stream, "batched": stream}
run = kernel() if is_kernel else fitted if workload == "messages" else ways[strategy]


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
        while runs < 2 or spent < float(os.environ.get("BENCH_WARM_UP", 1500)):
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


def since():
    wall = 1000 * time.time() - float(os.environ["BENCH_STARTED"])
    return {"cpu": 1000 * time.process_time(), "wall": wall}


def calls():
    """CPU milliseconds a pose of call after call, with 8 poses each."""
    global poses
    all_poses, times = poses, []
    per_call = 8 // per_batch
    for call in range(1000):
        poses = [all_poses[(per_call * call + i) % len(all_poses)] for i in range(per_call)]
        times.append(timed(1)[0] / 8)
    poses = all_poses
    return {"times": times}


def version():
    """Reference BLAS is a tenth as fast as others: who compares with PyTorch must know."""
    torch.rand(64, 64) @ torch.rand(64, 64)
    with open("/proc/self/maps") as maps:
        libraries = {line.split("/")[-1].strip() for line in maps if ".so" in line}
    fast = sorted(name for name in libraries if any(each in name for each in ("openblas", "mkl", "blis")))
    is_plain = not fast and any(name.startswith("libblas") for name in libraries)
    blas = fast[0] if fast else "the reference BLAS, which is slow" if is_plain else ""
    return {"version": torch.__version__, "blas": blas}


answers = {
    "since": since,
    "calls": calls,
    "peak": peak,
    "check": check,
    "round": one_round,
    "device": device_facts,
    "version": version,
}
for line in sys.stdin:
    print(json.dumps(answers[line.strip()]()), flush=True)
