"""Computes programs with PyTorch in float64.

Reads programs as lines of JSON from stdin, and writes a line of JSON for each to stdout: {"answers": [{"shape", "data"}, …]}
with the wanted values and then the gradients, or {"left out": reason}. README.md describes the format and the reasons.

Every program is computed twice. The plain way uses PyTorch's functions and autograd. The guarded way uses the same functions,
and slopes by autograd with a cotangent of 1, but the product of a cotangent of 0 and any slope is 0. So a branch not taken has
no effect, which plain autograd does not guarantee, because 0 times infinity is NaN. A slope is written out here if the
documentation of an op defines it at a point without a slope, or if autograd loses precision. The answers are the guarded
ones. If the plain ones are finite, both must agree.
"""

import json
import math
import sys

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


# Products of cotangents and slopes.


class ZeroWins(torch.autograd.Function):
    """a · b, which is 0 if a or b is 0."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return torch.where((a == 0) | (b == 0), torch.zeros_like(a), a * b)

    @staticmethod
    def backward(ctx, h):
        a, b = ctx.saved_tensors
        return ZeroWins.apply(h, b), ZeroWins.apply(h, a)


class Scaled(torch.autograd.Function):
    """g · f, which is 0 if g is 0."""

    @staticmethod
    def forward(ctx, g, f):
        ctx.save_for_backward(g, f)
        return torch.where(g == 0, torch.zeros_like(g), g * f)

    @staticmethod
    def backward(ctx, h):
        g, f = ctx.saved_tensors
        return ZeroWins.apply(h, f), ZeroWins.apply(h, g)


class Guarded(torch.autograd.Function):
    """function(*operands) of operands of equal shape, with guarded cotangents."""

    @staticmethod
    def forward(ctx, function, *operands):
        ctx.function = function
        ctx.save_for_backward(*operands)
        return function.value(*[each.detach() for each in operands]).detach()

    @staticmethod
    def backward(ctx, g):
        operands = ctx.saved_tensors
        cotangents = [None] * len(operands)
        for i in range(len(operands)):
            if ctx.needs_input_grad[i + 1]:
                cotangents[i] = Scaled.apply(g, ctx.function.slope(i, len(operands))(*operands))
        return (None, *cotangents)


class Elementwise:
    """A function of equally shaped tensors, with slopes by autograd unless they are given."""

    def __init__(self, value, *slopes):
        self.value = value
        self.slopes = dict(enumerate(slopes))

    def __call__(self, *operands):
        count = len(operands)
        operands = [x if self.slope(i, count) else x.detach() for i, x in enumerate(operands)]
        return Guarded.apply(self, *torch.broadcast_tensors(*operands))

    def slope(self, i, count):
        """Returns the slope by operand i; None if the function does not depend on it."""
        if i not in self.slopes:
            derivative = self.derivative(i)
            depends = derivative(*[torch.ones(1)] * count) is not None
            self.slopes[i] = Elementwise(derivative) if depends else None
        return self.slopes[i]

    def derivative(self, i):
        def value(*operands):
            with torch.enable_grad():
                leaves = [each if each.requires_grad else each.detach().requires_grad_() for each in operands]
                y = self.value(*leaves)
                if not y.requires_grad:
                    return None
                ones = torch.ones_like(y)
                return torch.autograd.grad(y, leaves[i], ones, create_graph=True, allow_unused=True)[0]

        return value


class Largest(torch.autograd.Function):
    """Maximum along axes, which are kept. Entries that tie share the cotangent."""

    @staticmethod
    def forward(ctx, x, axes):
        largest = x.amax(axes, keepdim=True)
        ties = (x == largest).to(x.dtype)
        ctx.shares = ties / ties.sum(axes, keepdim=True)
        return largest

    @staticmethod
    def backward(ctx, g):
        return Scaled.apply(g.expand(ctx.shares.shape), ctx.shares), None


# Functions of numbers.


def truth(condition):
    return condition.to(torch.float64)


def where(condition, yes, no):
    condition, yes, no = torch.broadcast_tensors(condition, yes, no)
    return torch.where(condition.detach() != 0, yes, no)


def relu(a):
    return torch.where(a > 0, a, larger(a, torch.zeros_like(a)).detach())


def number(x):
    return torch.tensor(float(x))


literals = {}


def literal(text):
    """Returns a number that `pow_of` can distinguish from a value."""
    return literals.setdefault(text, number(text))


def sign_of(x):
    # torch.sign of NaN is 0, and loses the sign of −0.
    return torch.where((x == 0) | torch.isnan(x), x, torch.sign(x))


def larger(a, b):
    # 0 is larger than −0.
    return torch.where((a == 0) & (b == 0), a + b, torch.maximum(a, b))


def smaller(a, b):
    return torch.where((a == 0) & (b == 0), -(-a + -b), torch.minimum(a, b))


def shares(wins):
    """Slope of a maximum by one operand: 1 if that wins, ½ if both are equal, 0 if one is NaN."""
    return lambda a, b: truth(wins(a, b)).detach() + 0.5 * truth(a == b).detach()


def power(a, b):
    if bool((torch.isnan(b) | ((a.abs() == 1) & torch.isinf(b))).any()):
        raise LeftOut("a power whose exponent is NaN, or infinite for ±1, is another number in C than in JavaScript")
    return torch.pow(a, b)


class LeftOut(Exception):
    pass


add = Elementwise(lambda a, b: a + b)
sub = Elementwise(lambda a, b: a - b)
mul = Elementwise(lambda a, b: a * b)
div = Elementwise(lambda a, b: a / b)
neg = Elementwise(lambda a: -a)
square = Elementwise(lambda a: a * a)
absolute = Elementwise(torch.abs, lambda a: sign_of(a).detach())
exp = Elementwise(torch.exp)
expm1 = Elementwise(torch.expm1, lambda a: exp(a))  # autograd adds 1 to the result, which loses digits
log = Elementwise(torch.log)
log1p = Elementwise(torch.log1p)
sin = Elementwise(torch.sin)
cos = Elementwise(torch.cos)
tanh = Elementwise(torch.tanh)
erf = Elementwise(torch.erf, lambda a: mul(number(2 / math.sqrt(math.pi)), exp(neg(square(a)))))
erfc = Elementwise(torch.erfc, lambda a: mul(number(-2 / math.sqrt(math.pi)), exp(neg(square(a)))))


def gelu_of(x):
    y = torch.erfc(-math.sqrt(0.5) * x)
    return torch.where(y == 0, torch.zeros_like(x), 0.5 * x * y)


def slope_of_gelu(x):
    density = mul(number(1 / math.sqrt(2 * math.pi)), exp(mul(number(-0.5), square(x))))
    product = Scaled.apply(density, x)
    return add(mul(number(0.5), erfc(mul(number(-math.sqrt(0.5)), x))), product)


gelu = Elementwise(gelu_of, slope_of_gelu)
atan = Elementwise(torch.atan)


def slope_of_arcs(x):
    root = sqrt(mul(sub(number(1), x), add(number(1), x)))
    return where(root == 0, number(0), div(number(1), root))


asin = Elementwise(torch.asin, slope_of_arcs)
acos = Elementwise(torch.acos, lambda x: neg(slope_of_arcs(x)))


def over_squares_value(a, b):
    """a/(a² + b²) without overflow of squares; 0 at (0, 0)."""
    size = torch.maximum(a.abs(), b.abs())
    at_origin, is_infinite = size == 0, torch.isinf(size)
    size = torch.where(at_origin | is_infinite, torch.ones_like(size), size)
    p, q = a / size, b / size
    y = p / (p * p + q * q) / size
    return torch.where(at_origin | is_infinite, torch.zeros_like(y), y)


over_squares = Elementwise(
    over_squares_value,
    lambda a, b: sub(square(over_squares(b, a)), square(over_squares(a, b))),
    lambda a, b: mul(number(-2), mul(over_squares(a, b), over_squares(b, a))),
)
atan2 = Elementwise(torch.atan2, lambda y, x: over_squares(x, y), lambda y, x: neg(over_squares(y, x)))
sqrt = Elementwise(torch.sqrt, lambda a: where(a == 0, number(0), div(number(0.5), sqrt(a))))
maximum = Elementwise(larger, shares(torch.gt), shares(torch.lt))
minimum = Elementwise(smaller, shares(torch.lt), shares(torch.gt))


def logistic(x):
    e = torch.exp(-x.abs())
    return torch.where(x < 0, e, torch.ones_like(e)) / (1 + e)


sigmoid = Elementwise(logistic, lambda a: mul(sigmoid(a), sigmoid(neg(a))))
softplus = Elementwise(
    lambda a: torch.clamp(a, min=0) + torch.log1p(torch.exp(-a.abs())), lambda a: sigmoid(a)
)


rsqrt = Elementwise(lambda a: 1 / torch.sqrt(a), lambda a: mul(number(-0.5), div(rsqrt(a), a)))
log2 = Elementwise(torch.log2, lambda a: div(number(1 / math.log(2)), a))
log10 = Elementwise(torch.log10, lambda a: div(number(1 / math.log(10)), a))
tan = Elementwise(torch.tan, lambda a: add(number(1), square(tan(a))))
sinh = Elementwise(torch.sinh, lambda a: cosh(a))
cosh = Elementwise(torch.cosh, lambda a: sinh(a))


def cosine(side, length):
    return where(truth(length == 0), number(0), div(side, length))


hypot = Elementwise(torch.hypot, lambda a, b: cosine(a, hypot(a, b)), lambda a, b: cosine(b, hypot(a, b)))


def log_add_exp_value(a, b):
    return torch.maximum(a, b) + torch.log1p(torch.exp(-torch.where(a == b, torch.zeros_like(a), (a - b).abs())))


def share_of(a, b):
    # The result for two −∞ is −∞, with slope 0.
    return where(truth(torch.maximum(a, b) == -math.inf), number(0), sigmoid(above(a, b)))


log_add_exp = Elementwise(log_add_exp_value, lambda a, b: share_of(a, b), lambda a, b: share_of(b, a))


def remainder(a, b):
    """The formula of `mod`, which may be off by a rounding of a; `torch.remainder` is exact."""
    rest = a - b * torch.floor(a / b)
    near = torch.where(sign_of(rest) * sign_of(b) < 0, rest + b, rest)
    finite = torch.where(b.abs() < near.abs(), torch.zeros_like(near), near)
    farther = torch.where(sign_of(a) * sign_of(b) < 0, b, a)
    infinite = torch.where(a.abs() < math.inf, farther, torch.full_like(a, math.nan))
    return torch.where(b.abs() == math.inf, infinite, finite)


mod = Elementwise(
    remainder,
    lambda a, b: torch.ones_like(a),
    lambda a, b: -torch.floor((a - remainder(a, b)) / b + 0.5).detach(),
)


def leaky_relu(a, slope=None):
    return where(truth(a > 0), a, mul(number(0.01) if slope is None else slope, a))


def elu(a, alpha=None):
    return where(truth(a > 0), a, mul(number(1) if alpha is None else alpha, expm1(a)))


def huber_of(x, delta):
    held = torch.minimum(torch.maximum(x, -delta), delta)
    return held * (x - 0.5 * held)


huber_function = Elementwise(
    huber_of,
    lambda x, delta: minimum(maximum(x, neg(delta)), delta),
    lambda x, delta: relu(sub(absolute(x), delta)),
)


def huber(x, delta=None):
    return huber_function(x, number(1) if delta is None else delta)


def plain_huber(x, delta=None):
    delta = number(1) if delta is None else delta
    return torch.where(x.abs() <= delta, 0.5 * x * x, delta * (x.abs() - 0.5 * delta))


def minimum_image(d, box):
    return sub(d, mul(box, torch.round(div(d, box)).detach()))


def pow_by_base(a, b):
    # 0 if the exponent is 0, if a is below 1 and the exponent infinite, and if the slope is infinite at a = 0.
    vertical = truth((a == 0) & (b > 0) & (b < 1))
    return ZeroWins.apply(b, where(vertical, number(0), power_of(a, sub(b, number(1)))))


def pow_by_exponent(a, b):
    # 0 if the power is 0.
    y = power_of(a, b)
    return where(y == 0, number(0), mul(y, log(where(y == 0, number(1), a))))


power_of = Elementwise(power, pow_by_base, pow_by_exponent)


def pow_of(a, b):
    is_literal = any(b is each for each in literals.values())
    return literal_power(b.item())(a) if is_literal else power_of(a, b)


def literal_power(exponent):
    """Power with a literal exponent, as a function of its base. For an exponent of 0 it does not depend on the base."""

    def by_base(a):
        slope = ZeroWins.apply(torch.full_like(a, exponent), literal_power(exponent - 1)(a))
        return where(a == 0, number(0), slope) if 0 < exponent < 1 else slope

    return Elementwise(lambda a: power(a, number(exponent)), None if exponent == 0 else by_base)


# Functions along axes.


def axes_of(x, axis):
    if axis is None:
        return list(range(x.dim()))
    axes = [axis] if isinstance(axis, int) else axis
    return [each % x.dim() for each in axes]


def dropped(x, axes, keep):
    return x if keep else x.reshape([length for i, length in enumerate(x.shape) if i not in axes])


def sum_over(x, axis=None, keep=False):
    axes = axes_of(x, axis)
    return x.sum(axes, keepdim=keep) if axes else x


def max_over(x, axis=None, keep=False):
    axes = axes_of(x, axis)
    return dropped(Largest.apply(x, axes), axes, keep) if axes else x


def mean_over(x, axis=None, keep=False):
    axes = axes_of(x, axis)
    count = math.prod(x.shape[each] for each in axes)
    return div(sum_over(x, axes, keep), number(count))


def product_over(x, axis=None, keep=False):
    """Product by halves in the order of the library, since overflow depends on the order."""
    axes = axes_of(x, axis)
    ordered = sorted(axes)
    kept = [each for each in range(x.dim()) if each not in axes]
    shape = [1 if i in axes else length for i, length in enumerate(x.shape)]
    count = math.prod(x.shape[each] for each in axes)
    if count == 0:
        return dropped(torch.ones(shape), axes, keep)
    rows = x.permute([*ordered, *kept]).reshape(count, *[x.shape[each] for each in kept])
    while count > 1:
        half = 2 ** math.ceil(math.log2(count) - 1)
        rest = count - half
        rows = torch.cat([mul(rows[:rest], rows[half:]), rows[rest:half]])
        count = half
    return dropped(rows.reshape(shape), axes, keep)


def plain_product(x, axis=None, keep=False):
    for each in sorted(axes_of(x, axis), reverse=True):
        x = x.prod(each, keepdim=keep)
    return x


# a − b, which is 0 for equal operands, also if both are infinite.
above = Elementwise(
    lambda a, b: torch.where(a == b, torch.zeros_like(a), a - b),
    lambda a, b: torch.ones_like(a),
    lambda a, b: -torch.ones_like(b),
)


def log_sum_exp(x, axis=None, keep=False):
    axes = axes_of(x, axis)
    if any(x.shape[each] == 0 for each in axes):
        return dropped(sum_over(x, axes, True).detach() - math.inf, axes, keep)
    largest = x.detach().amax(axes, keepdim=True) if axes else x.detach()
    # If all are −∞, the result is −∞ with slope 0. If some are ∞, the result is ∞, and these share the cotangent.
    shift = where(truth(largest == -math.inf), number(0), largest)
    total = sum_over(exp(above(x, shift)), axes, True)
    none = truth(total == 0).detach()
    result = where(none, number(-math.inf), add(shift, log(where(none, number(1), total))))
    return dropped(result, axes, keep)


def variance(x, axis=None, keep=False, ddof=0):
    axes = axes_of(x, axis)
    count = math.prod(x.shape[each] for each in axes)
    return div(sum_over(square(sub(x, mean_over(x, axes, True))), axes, keep), number(count - ddof))


def scanned(x, axis, combine, neutral):
    """Inclusive scan by `combine`, by doubling."""
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis % x.dim())
    shift = 1
    while shift < x.shape[axis]:
        before = torch.full([*x.shape[:axis], shift, *x.shape[axis + 1 :]], float(neutral))
        x = combine(x, torch.cat([before, x.narrow(axis, 0, x.shape[axis] - shift)], axis))
        shift *= 2
    return x


def softmax(x, axis=-1):
    axes = axes_of(x, axis)
    e = exp(sub(x, x.detach().amax(axes, keepdim=True) if axes else x.detach()))
    return div(e, sum_over(e, axes, True))


def log_softmax(x, axis=-1):
    axes = axes_of(x, axis)
    below = sub(x, x.detach().amax(axes, keepdim=True) if axes else x.detach())
    return sub(below, log(sum_over(exp(below), axes, True)))


def norm(x, axis=None, keep=False):
    return sqrt(sum_over(square(x), axis, keep))


def layer_norm(x, gain, bias, axis=-1, epsilon=1e-5):
    centred = sub(x, mean_over(x, axis, True))
    variance = mean_over(square(centred), axis, True)
    y = div(centred, sqrt(add(variance, number(epsilon))))
    y = y if gain is None else mul(gain, y)
    return y if bias is None else add(y, bias)


def gaussians(x, gamma, centers):
    return exp(neg(mul(gamma, square(sub(x.unsqueeze(-1), centers)))))


def cosine_cutoff(d, cutoff):
    wave = mul(number(0.5), add(cos(mul(number(math.pi), div(d, cutoff))), number(1)))
    return where(truth(d < cutoff), wave, number(0))


def pair_distances(a, b):
    return norm(sub(a.unsqueeze(1), b.unsqueeze(0)), -1)


# Shapes and rows. These ops are linear, so the gradients of PyTorch are right.


def whole(index):
    """Converts an index, which the program may have computed as real numbers, to integers."""
    return index.detach().to(torch.int64)


def take_along_axis(a, index, axis):
    return torch.gather(a, axis, whole(index))


def order_of(a, axis, descending=False):
    return torch.sort(a.detach(), dim=axis, descending=descending, stable=True).indices


def top(a, count, axis, part):
    places = order_of(a, axis, True).narrow(axis, 0, count)
    return torch.gather(a, axis, places) if part == 0 else places.to(torch.float64)


def plain_top(a, count, axis, part):
    return torch.topk(a, count, axis).values if part == 0 else top(a, count, axis, part)


def place_of(function):
    def along(a, axis=None, keep=False):
        place = function(a.detach()) if axis is None else function(a.detach(), dim=axis, keepdim=keep)
        place = place.to(torch.float64)
        return place.reshape([1] * a.dim()) if axis is None and keep else place

    return along


def gather(a, index, axis=0):
    index = whole(index)
    axis %= a.dim()
    picked = a.index_select(axis, index.reshape(-1))
    return picked.reshape([*a.shape[:axis], *index.shape, *a.shape[axis + 1 :]])


def segment_sum(a, index, count, axis=0):
    axis %= max(a.dim(), 1)
    before, rest = a.shape[:axis], a.shape[axis + index.dim() :]
    rows = a.reshape(*before, index.numel(), *rest)
    return torch.zeros(*before, count, *rest).index_add(axis, index.reshape(-1), rows)


def segment_mean(a, index, count, axis=0):
    axis %= max(a.dim(), 1)
    counts = torch.bincount(index.reshape(-1), minlength=count).to(torch.float64).clamp(min=1)
    rest = [1] * (a.dim() - axis - index.dim())
    return div(segment_sum(a, index, count, axis), counts.reshape(count, *rest))


def split(a, parts, axis, part):
    ends = parts if isinstance(parts, list) else [a.shape[axis] * i // parts for i in range(1, parts)]
    return torch.tensor_split(a, ends, axis)[part]


def squeeze(a, axis=None):
    axes = [i for i, length in enumerate(a.shape) if length == 1] if axis is None else axes_of(a, axis)
    return dropped(a, axes, False)


def tile(a, times):
    times = times if isinstance(times, list) else [times]
    return a.repeat([*[1] * (a.dim() - len(times)), *times])


def arange(a, start, end, step):
    return start + step * torch.arange(max(0, math.ceil((end - start) / step)), dtype=torch.float64)


def slice_of(a, start, end=None, step=()):
    start = [start] if isinstance(start, int) else start
    end = [] if end is None else [end] if isinstance(end, int) else end
    for axis, length in enumerate(a.shape):
        at = start[axis] if axis < len(start) else 0
        to = end[axis] if axis < len(end) else length
        at, to = (each + length if each < 0 else each for each in (at, to))
        a = a.narrow(axis, at, to - at)
    for axis, each in enumerate(step):
        a = a[(slice(None),) * axis + (slice(None, None, each),)]
    return a


def pad(a, widths):
    for axis, sides in enumerate(widths):
        before, after = (a.new_zeros([*a.shape[:axis], width, *a.shape[axis + 1 :]]) for width in sides)
        a = torch.cat([before, a, after], axis)
    return a


def transpose(a, axes=None):
    order = range(a.dim())[::-1] if axes is None else [each % a.dim() for each in axes]
    return a.permute(list(order))


# Maximum and softmax of segments.


class LargestOfSegments(torch.autograd.Function):
    """Maximum of each segment. Entries that tie share the cotangent."""

    @staticmethod
    def forward(ctx, a, index, count):
        rest = a.shape[index.dim() :]
        rows, at = a.reshape(index.numel(), *rest), index.reshape(-1)
        result = torch.full((count, *rest), -math.inf)
        for i, row in zip(at.tolist(), rows):
            result[i] = torch.maximum(result[i], row)
        ties = (rows == result.index_select(0, at)).to(a.dtype)
        totals = torch.zeros(count, *rest).index_add(0, at, ties)
        ctx.shares = (ties / totals.index_select(0, at)).reshape(a.shape)
        ctx.index = index
        return result

    @staticmethod
    def backward(ctx, g):
        return Scaled.apply(gather(g, ctx.index), ctx.shares), None, None


def segment_max(a, index, count):
    return LargestOfSegments.apply(a, index, count)


def segment_softmax(a, index, count):
    e = exp(sub(a, gather(segment_max(a.detach(), index, count), index)))
    return div(e, gather(segment_sum(e, index, count), index))


# Vectors.


def cross(a, b):
    def turned(x):
        return torch.roll(x, -1, -1)

    a, b = torch.broadcast_tensors(a, b)
    return turned(sub(mul(a, turned(b)), mul(turned(a), b)))


def angle(a, b, c):
    u, v = sub(a, b), sub(c, b)
    return atan2(norm(cross(u, v), -1), sum_over(mul(u, v), -1))


def dihedral(a, b, c, d):
    u, v, w = sub(b, a), sub(c, b), sub(d, c)
    normal = cross(v, w)
    sine = mul(norm(v, -1), sum_over(mul(u, normal), -1))
    return atan2(sine, sum_over(mul(cross(u, v), normal), -1))


def plain_cross(a, b):
    return torch.linalg.cross(*torch.broadcast_tensors(a, b))


def plain_angle(a, b, c):
    u, v = a - b, c - b
    return torch.atan2(torch.linalg.vector_norm(plain_cross(u, v), dim=-1), (u * v).sum(-1))


def plain_dihedral(a, b, c, d):
    u, v, w = b - a, c - b, d - c
    normal = plain_cross(v, w)
    sine = torch.linalg.vector_norm(v, dim=-1) * (u * normal).sum(-1)
    return torch.atan2(sine, (plain_cross(u, v) * normal).sum(-1))


# Products of matrices.


def einsum(*operands, specification):
    left, result = specification.split("->")
    terms = []
    for x, part in zip(operands, left.split(",")):
        labels = list(part)
        for label in set(labels):
            while labels.count(label) > 1:
                first = labels.index(label)
                second = labels.index(label, first + 1)
                x = torch.diagonal(x, 0, first, second)
                labels = [each for i, each in enumerate(labels) if i not in (first, second)] + [label]
        terms.append((x, labels))

    def summed(x, labels, kept):
        axes = [i for i, label in enumerate(labels) if label not in kept]
        return sum_over(x, axes), [label for label in labels if label in kept]

    def laid(x, labels, order):
        x = x.permute([labels.index(label) for label in order if label in labels])
        return x.reshape([x.shape[[o for o in order if o in labels].index(label)] if label in labels else 1 for label in order])

    if len(terms) == 1:
        x, labels = summed(*terms[0], result)
        return laid(x, labels, list(result))
    (a, of_a), (b, of_b) = terms
    a, of_a = summed(a, of_a, [*result, *of_b])
    b, of_b = summed(b, of_b, [*result, *of_a])
    both = list(dict.fromkeys([*of_a, *of_b]))
    inner = [label for label in both if label not in result]
    order = [*result, *inner]
    a, b = laid(a, of_a, order), laid(b, of_b, order)
    # Cotangents that are sums are not guarded, as in a matrix product.
    return (a * b).sum(list(range(len(result), len(order)))) if inner else mul(a, b)


def matmul(a, b):
    left = a.unsqueeze(0) if a.dim() == 1 else a
    right = b.unsqueeze(1) if b.dim() == 1 else b
    # Without BLAS, which may skip products with 0.
    y = (left.unsqueeze(-1) * right.unsqueeze(-3)).sum(-2)
    y = y.squeeze(-1) if b.dim() == 1 else y
    return y.squeeze(-1 if b.dim() == 1 else -2) if a.dim() == 1 else y


# Small matrices by functions of PyTorch, which read the lower triangle of symmetric ones.


def finite(a):
    if not bool(torch.isfinite(a).all()):
        raise LeftOut("PyTorch refuses matrices that are not finite")
    return a


def symmetric(a):
    return finite(torch.tril(a) + torch.tril(a, -1).transpose(-1, -2))


def solve(a, b):
    columns = b.unsqueeze(-1) if b.dim() == 1 else b
    x = torch.linalg.solve(finite(a), columns.expand(*a.shape[:-2], *columns.shape[-2:]))
    return x.squeeze(-1) if b.dim() == 1 else x


# Random numbers: Philox4x32-10, written independently of the one in TypeScript.


def philox(counter, key):
    a, b, c, d = counter
    k, l = key
    for _ in range(10):
        x, y = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (y >> 32) ^ b ^ k, y & 0xFFFFFFFF, (x >> 32) ^ d ^ l, x & 0xFFFFFFFF
        k, l = (k + 0x9E3779B9) & 0xFFFFFFFF, (l + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def uniforms(seed, count):
    numbers = []
    for block in range((count + 1) // 2):
        words = philox((block, 0, 0, 0), (seed, 0))
        for high, low in (words[:2], words[2:]):
            numbers.append((((high >> 5) << 26) + (low >> 6) + 0.5) / 2**53)
    return numbers[:count]


def dropout(a, rate, seed):
    if rate == 0:
        return a
    kept = torch.tensor([float(each >= rate) for each in uniforms(seed, a.numel())]).reshape(a.shape)
    return where(kept, div(a, number(1 - rate)), number(0))


def noise(a, shape, seed):
    size = math.prod(shape)
    drawn = uniforms(seed, size + size % 2)
    numbers = []
    for first, second in zip(drawn[::2], drawn[1::2]):
        radius, angle = math.sqrt(-2 * math.log(first)), 2 * math.pi * second
        numbers += [radius * math.cos(angle), radius * math.sin(angle)]
    return torch.tensor(numbers[:size]).reshape(shape)


guarded = {
    "abs": absolute,
    "add": add,
    "sub": sub,
    "mul": mul,
    "scaled": lambda g, f: Scaled.apply(*torch.broadcast_tensors(g, f)),
    "div": div,
    "neg": neg,
    "square": square,
    "pow": pow_of,
    "sign": lambda a: sign_of(a).detach(),
    "floor": lambda a: torch.floor(a).detach(),
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
    "tanh": tanh,
    "erf": erf,
    "erfc": erfc,
    "gelu": gelu,
    "atan": atan,
    "asin": asin,
    "acos": acos,
    "atan2": atan2,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "shiftedSoftplus": lambda a: sub(softplus(a), number(math.log(2))),
    "relu": relu,
    "clamp": lambda a, low, high: minimum(maximum(a, low), high),
    "maximum": maximum,
    "minimum": minimum,
    "less": lambda a, b: truth(a < b),
    "greater": lambda a, b: truth(a > b),
    "equal": lambda a, b: truth(a == b),
    "stopGradient": lambda a: a.detach(),
    "where": where,
    "gaussians": gaussians,
    "cosineCutoff": cosine_cutoff,
    "sum": sum_over,
    "prod": product_over,
    "mean": mean_over,
    "max": max_over,
    "min": lambda x, axis=None, keep=False: neg(max_over(neg(x), axis, keep)),
    "logSumExp": log_sum_exp,
    "norm": norm,
    "softmax": softmax,
    "logSoftmax": log_softmax,
    "layerNorm": layer_norm,
    "broadcastTo": lambda a, shape: a.expand(shape),
    "reshape": lambda a, shape: a.reshape(shape),
    "expandDims": lambda a, axis: a.unsqueeze(axis),
    "transpose": transpose,
    "slice": slice_of,
    "pad": pad,
    "concat": lambda *parts, axis=0: torch.cat(parts, axis),
    "gather": gather,
    "segmentSum": segment_sum,
    "segmentMax": segment_max,
    "segmentMin": lambda a, index, count: neg(segment_max(neg(a), index, count)),
    "segmentSoftmax": segment_softmax,
    "matmul": matmul,
    "pairDistances": pair_distances,
    "ceil": lambda a: torch.ceil(a).detach(),
    "trunc": lambda a: torch.trunc(a).detach(),
    "round": lambda a: torch.round(a).detach(),
    "mod": mod,
    "reciprocal": lambda a: div(number(1), a),
    "silu": lambda a: mul(a, sigmoid(a)),
    "leakyRelu": leaky_relu,
    "elu": elu,
    "rsqrt": rsqrt,
    "log2": log2,
    "log10": log10,
    "tan": tan,
    "sinh": sinh,
    "cosh": cosh,
    "hypot": hypot,
    "logAddExp": log_add_exp,
    "lessEqual": lambda a, b: truth(a <= b),
    "greaterEqual": lambda a, b: truth(a >= b),
    "notEqual": lambda a, b: truth(a != b),
    "not": lambda a: truth(a == 0),
    "and": lambda a, b: truth((a != 0) & (b != 0)),
    "or": lambda a, b: truth((a != 0) | (b != 0)),
    "isNan": lambda a: truth(torch.isnan(a)),
    "variance": variance,
    "std": lambda x, axis=None, keep=False, ddof=0: sqrt(variance(x, axis, keep, ddof)),
    "cumsum": lambda x, axis=None: scanned(x, axis, lambda a, b: a + b, 0),
    "cumprod": lambda x, axis=None: scanned(x, axis, mul, 1),
    "stack": lambda *parts, axis=0: torch.stack(parts, axis),
    "split": split,
    "squeeze": squeeze,
    "flip": lambda a, axis=None: torch.flip(a, axes_of(a, axis)),
    "tile": tile,
    "onesLike": lambda a: torch.ones_like(a),
    "zerosLike": lambda a: torch.zeros_like(a),
    "eye": lambda a, rows, columns=None: torch.eye(rows, rows if columns is None else columns),
    "arange": arange,
    "segmentMean": segment_mean,
    "takeAlongAxis": take_along_axis,
    "sort": lambda a, axis: torch.gather(a, axis, order_of(a, axis)),
    "argsort": lambda a, axis: order_of(a, axis).to(torch.float64),
    "topK": top,
    "argmax": place_of(torch.argmax),
    "argmin": place_of(torch.argmin),
    "huber": huber,
    "angle": angle,
    "dihedral": dihedral,
    "vecdot": lambda a, b: sum_over(mul(a, b), -1),
    "cross": cross,
    "minimumImage": minimum_image,
    "einsum": einsum,
    "det": lambda a: torch.linalg.det(finite(a)),
    "inverse": lambda a: torch.linalg.inv(finite(a)),
    "solve": solve,
    "cholesky": lambda a: torch.linalg.cholesky(symmetric(a)),
    "eigvalsh": lambda a: torch.linalg.eigvalsh(symmetric(a)),
    "dropout": dropout,
    "noise": noise,
}


# Plain PyTorch, without guarded cotangents.


def plain_reduction(name):
    def reduce(x, axis=None, keep=False):
        axes = axes_of(x, axis)
        if not axes and name != "linalg.vector_norm":
            return x
        function = {"linalg.vector_norm": torch.linalg.vector_norm}.get(name) or getattr(torch, name)
        return function(x, dim=axes, keepdim=keep) if axes else x.abs()

    return reduce


def plain_softmax(function):
    def along(x, axis=-1):
        axes = axes_of(x, axis)
        others = [each for each in range(x.dim()) if each not in axes]
        moved = x.permute([*others, *axes])
        flat = moved.reshape(*moved.shape[: len(others)], math.prod(moved.shape[len(others) :]))
        y = function(flat, dim=-1).reshape(moved.shape)
        order = [*others, *axes]
        return y.permute([order.index(each) for each in range(x.dim())])

    return along


def plain_layer_norm(x, gain, bias, axis=-1, epsilon=1e-5):
    axes = axes_of(x, axis)
    variance, mean = torch.var_mean(x, dim=axes, unbiased=False, keepdim=True) if axes else (0 * x, x)
    y = (x - mean) * torch.rsqrt(variance + epsilon)
    y = y if gain is None else gain * y
    return y if bias is None else y + bias


def plain_variance(function):
    def along(x, axis=None, keep=False, ddof=0):
        axes = axes_of(x, axis)
        return function(x, dim=axes, unbiased=ddof == 1, keepdim=keep) if axes else 0 * x

    return along


def plain_scan(function):
    return lambda x, axis=None: function(x.reshape(-1), 0) if axis is None else function(x, axis)


plain = {
    **guarded,
    "mod": torch.remainder,
    "reciprocal": torch.reciprocal,
    "silu": torch.nn.functional.silu,
    "leakyRelu": lambda a, slope=None: torch.nn.functional.leaky_relu(a, 0.01 if slope is None else slope.item()),
    "elu": lambda a, alpha=None: torch.nn.functional.elu(a, 1 if alpha is None else alpha.item()),
    "rsqrt": torch.rsqrt,
    "log2": torch.log2,
    "log10": torch.log10,
    "tan": torch.tan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "hypot": torch.hypot,
    "logAddExp": torch.logaddexp,
    "variance": plain_variance(torch.var),
    "std": plain_variance(torch.std),
    "cumsum": plain_scan(torch.cumsum),
    "cumprod": plain_scan(torch.cumprod),
    "cross": plain_cross,
    "sort": lambda a, axis: torch.sort(a, dim=axis, stable=True).values,
    "topK": plain_top,
    "huber": plain_huber,
    "angle": plain_angle,
    "dihedral": plain_dihedral,
    "vecdot": lambda a, b: (a * b).sum(-1),
    "minimumImage": lambda d, box: d - box * torch.round(d / box),
    "einsum": lambda *operands, specification: torch.einsum(specification, *operands),
    "abs": torch.abs,
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "scaled": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "square": torch.square,
    "pow": torch.pow,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "gelu": torch.nn.functional.gelu,
    "atan": torch.atan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan2": torch.atan2,
    "sigmoid": torch.sigmoid,
    "softplus": lambda a: torch.logaddexp(a, torch.zeros_like(a)),
    "shiftedSoftplus": lambda a: torch.logaddexp(a, torch.zeros_like(a)) - math.log(2),
    "relu": torch.relu,
    "clamp": lambda a, low, high: torch.minimum(torch.maximum(a, low), high),
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "gaussians": lambda x, gamma, centers: torch.exp(-gamma * (x.unsqueeze(-1) - centers) ** 2),
    "cosineCutoff": lambda d, cut: torch.where(d < cut, 0.5 * (torch.cos(math.pi * d / cut) + 1), number(0)),
    "prod": plain_product,
    "mean": plain_reduction("mean"),
    "max": plain_reduction("amax"),
    "min": plain_reduction("amin"),
    "logSumExp": plain_reduction("logsumexp"),
    "norm": plain_reduction("linalg.vector_norm"),
    "softmax": plain_softmax(torch.softmax),
    "logSoftmax": plain_softmax(torch.log_softmax),
    "layerNorm": plain_layer_norm,
    "matmul": torch.matmul,
    "pairDistances": lambda a, b: torch.linalg.vector_norm(a.unsqueeze(1) - b.unsqueeze(0), dim=-1),
}


# Programs.


def leaf_of(leaf, wanted):
    data = [float(each) for each in leaf["data"]]
    if leaf["is"] in ("index", "rows"):
        return torch.tensor([int(each) for each in data], dtype=torch.int64).reshape(leaf["shape"])
    if leaf["is"] == "fill":
        x = torch.full(leaf["shape"], data[0])
    else:
        x = torch.tensor(data, dtype=torch.float64).reshape(leaf["shape"])
    return x.requires_grad_() if wanted else x


def call(functions, step, values):
    operands = []
    for each in step["of"]:
        operands.append(values[each] if isinstance(each, int) else None if each is None else literal(each))
    given = dict(step.get("with", {}))
    if "keepDims" in given:
        given["keep"] = given.pop("keepDims")
    if "centers" in given:
        operands.append(torch.tensor([float(each) for each in given.pop("centers")], dtype=torch.float64))
    return functions[step["op"]](*operands, **given)


def gradient(y, wrt):
    if not y.requires_grad:
        return [torch.zeros_like(x) for x in wrt]
    ones = torch.ones_like(y)
    found = torch.autograd.grad(y, wrt, ones, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(wrt, found)]


def compute(functions, program):
    values = []
    for i, leaf in enumerate(program["leaves"]):
        values.append(leaf_of(leaf, leaf["is"] == "parameter" or i in program["wrt"]))
    for step in program["steps"]:
        value = call(functions, step, values)
        if len(values) in program["wrt"] and not value.requires_grad:
            value.requires_grad_()
        values.append(value)
    answers = [values[i] for i in program["want"]]
    if program["order"] == 0:
        return answers
    wrt = [values[i] for i in program["wrt"]]
    slopes = gradient(values[program["y"]], wrt)
    answers += slopes
    if program["order"] == 2:
        curved = number(0)
        for slope in slopes:
            curved = functions["add"](curved, functions["square"](slope).sum())
        answers += gradient(curved, wrt)
    return answers


def written(x):
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    if x == 0 and math.copysign(1, x) < 0:
        return "-0"
    return int(x) if x == int(x) and abs(x) < 2**53 else x


def entries(x):
    # A gradient of zeros may have no storage.
    return x.detach().clone().flatten().tolist()


def largest(x):
    return max((abs(each) for each in entries(x) if math.isfinite(each)), default=0)


def differs(a, b, scale):
    """True if a finite entry of b differs from the entry of a by more than rounding."""
    off = torch.where(torch.isfinite(b), (a - b).abs(), torch.zeros_like(a))
    return a.shape != b.shape or not bool((off <= 1e-9 * scale).all())


decomposed = ("cholesky", "eigvalsh", "inverse", "solve", "det")


def answer(program):
    try:
        answers = compute(guarded, program)
        others = compute(plain, program)
    except LeftOut as reason:
        return {"left out": str(reason)}
    scale = max((largest(each) for each in others), default=0)
    for i, (a, b) in enumerate(zip(answers, others)):
        if a.dtype == torch.float64 and differs(a, b, max(scale, 1)):
            shown = [[written(each) for each in entries(x)] for x in (a, b)]
            return {"left out": "plain and guarded PyTorch differ", "which": i, "guarded and plain": shown}

    if any(step["op"] in decomposed for step in program["steps"]):
        # Decompositions are not guarded: they propagate NaN, and have rounding errors instead of 0.
        if not all(math.isfinite(each) for x in answers for each in entries(x)):
            return {"left out": "a decomposition and an answer that is not finite"}
        if any(0 < largest(x) < 1e-13 * scale for x in answers):
            return {"left out": "an answer consists of rounding errors of a decomposition"}

    def tensor(x):
        index = {} if x.dtype == torch.float64 else {"is": "index"}
        return {**index, "shape": list(x.shape), "data": [written(each) for each in entries(x)]}
    return {"answers": [tensor(each) for each in answers]}


def main():
    if sys.argv[1:] == ["--version"]:
        print(torch.__version__)
        return
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


main()
