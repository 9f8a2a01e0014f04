"""PaiNN and a graph attention network in PyTorch, in float64, written after the papers, without code of posetape.

Reads a list of cases as a line of JSON from stdin, and writes the list of their answers. A case has

    network   painn or gat
    sizes     as in examples/painn/painn.ts and examples/gat/gat.ts
    weights   by name, lists of rows
    pose      ligand and pocket, each with elements and coordinates (Å, lists of three), neighbours, cutoff, delta

An answer has the energy, its gradient by the ligand's coordinates, and for the gradient by each weight its norm, its product
with cos(1), cos(2), cos(3), …, and its first three entries.
"""

import json
import math
import sys

import torch
from torch.nn.functional import elu, leaky_relu, silu

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def neighbours_of(at, count, cutoff):
    """Pairs (i, j) where j is one of the `count` nearest neighbours of i."""
    distances = torch.cdist(at, at, compute_mode="donot_use_mm_for_euclid_dist").tolist()
    pairs = []
    for i, row in enumerate(distances):
        near = sorted(j for j, d in enumerate(row) if j != i and d < cutoff)
        pairs += [(i, j) for j in sorted(near, key=row.__getitem__)[:count]]
    return pairs


def cosine(distances, cutoff):
    return (torch.cos(math.pi * distances / cutoff) + 1) / 2


class Layers:
    """Weights by name, and dense layers that use them."""

    def __init__(self, weights):
        self.weights = weights

    def __getitem__(self, name):
        return self.weights[name]

    def dense(self, name, x):
        return x @ self[name + ".weight"] + self[name + ".bias"]

    def two(self, name, x, between):
        return self.dense(name + "2", between(self.dense(name + "1", x)))


def painn(layers, sizes, elements, at, pairs):
    features, cutoff = sizes["hidden"], sizes["cutoff"]
    receiver, sender = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T
    r = at[sender] - at[receiver]
    d = r.norm(dim=1)
    unit = r / d[:, None]
    n = torch.arange(1, sizes["waves"] + 1)
    waves = torch.sin(n * math.pi / cutoff * d[:, None]) / d[:, None]
    s = layers["embedding"][elements]
    v = torch.zeros(len(elements), features, 3)
    for block in range(sizes["interactions"]):
        name = f"interaction{block}."
        w = layers.dense(name + "filter", waves) * cosine(d, cutoff)[:, None]
        phi = layers.two(name + "message", s, silu)[sender] * w
        ds, along, passed_on = phi.split(features, dim=1)
        dv = along[:, :, None] * unit[:, None, :] + passed_on[:, :, None] * v[sender]
        s = s.index_add(0, receiver, ds)
        v = v.index_add(0, receiver, dv)

        capital_v = torch.einsum("afx,fg->agx", v, layers[name + "mixV.weight"])
        capital_u = torch.einsum("afx,fg->agx", v, layers[name + "mixU.weight"])
        lengths = ((capital_v**2).sum(2) + 1e-8).sqrt()
        a_ss, a_sv, a_vv = layers.two(name + "update", torch.cat([s, lengths], 1), silu).split(features, dim=1)
        s = s + a_ss + a_sv * (capital_u * capital_v).sum(2)
        v = v + a_vv[:, :, None] * capital_u
    return layers.two("readout", s, silu).sum()


def gat(layers, sizes, elements, at, pairs):
    """Attention as dense matrices [receiver, sender, head], 0 where there is no edge."""
    heads, features, cutoff, atoms = sizes["heads"], sizes["features"], sizes["cutoff"], len(elements)
    is_self = torch.eye(atoms, dtype=torch.bool)
    is_edge = is_self.clone()
    for i, j in pairs:
        is_edge[i, j] = True
    squares = ((at[:, None, :] - at[None, :, :]) ** 2).sum(2)
    # Replaces the zeros before the square root, where its derivative is infinite.
    d = torch.where(is_self, torch.zeros(()), torch.where(is_self, torch.ones(()), squares).sqrt())
    centers = torch.linspace(0, cutoff, sizes["gaussians"])
    basis = torch.exp(-((d[:, :, None] - centers) ** 2) / (2 * (centers[1] - centers[0]) ** 2))
    fade = torch.where(is_edge, cosine(d, cutoff), torch.zeros(()))
    x = layers["embedding"][elements]
    for layer in range(sizes["layers"]):
        name = f"layer{layer}."
        messages = (x @ layers[name + "weight"]).reshape(atoms, heads, features)
        a = torch.einsum("ahf,hf->ah", messages, layers[name + "source"])
        b = torch.einsum("ahf,hf->ah", messages, layers[name + "target"])
        logits = leaky_relu(a[None, :, :] + b[:, None, :] + basis @ layers[name + "edge"], 0.2)
        logits = logits.masked_fill(~is_edge[:, :, None], -math.inf)
        shares = torch.exp(logits - logits.amax(1, keepdim=True)) * fade[:, :, None]
        attention = shares / shares.sum(1, keepdim=True)
        x = x + elu(torch.einsum("ijh,jhf->ihf", attention, messages).reshape(atoms, -1))
    return layers.two("readout", x, elu).sum()


def answer(case):
    weights = {name: torch.tensor(rows, requires_grad=True) for name, rows in case["weights"].items()}
    pose, sizes = case["pose"], case["sizes"]
    network = {"painn": painn, "gat": gat}[case["network"]]
    x = torch.tensor(pose["ligand"]["coordinates"], requires_grad=True)
    pocket = torch.tensor(pose["pocket"]["coordinates"])

    def energy(elements, at):
        pairs = neighbours_of(at.detach(), pose["neighbours"], pose["cutoff"])
        return network(Layers(weights), sizes, torch.tensor(elements), at, pairs)

    of_ligand, of_pocket = pose["ligand"]["elements"], pose["pocket"]["elements"]
    total = energy(of_ligand + of_pocket, torch.cat([x, pocket]))
    if pose["delta"]:
        total = total - energy(of_pocket, pocket) - energy(of_ligand, x)
    total.backward()
    return {
        "energy": total.item(),
        "slope": x.grad.tolist(),
        "weights": {name: digest(weight.grad.flatten()) for name, weight in weights.items()},
    }


def digest(slope):
    pattern = torch.cos(torch.arange(1, len(slope) + 1, dtype=torch.float64))
    return {"norm": slope.norm().item(), "along": (slope @ pattern).item(), "first": slope[:3].tolist()}


print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
