"""The little plane geometry that build.py needs. Points are (longitude, latitude) in degrees."""

import math


def simplify(points, tolerance):
    """Douglas and Peucker (1973): leaves out points nearer than the tolerance to what remains."""
    if len(points) < 3:
        return points
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        far, at = 0.0, None
        for number in range(first + 1, last):
            distance = to_segment(points[number], points[first], points[last])
            if distance > far:
                far, at = distance, number
        if at is not None and far > tolerance:
            keep.add(at)
            stack += [(first, at), (at, last)]
    return [points[number] for number in sorted(keep)]


def to_segment(point, start, end):
    """Degrees from a point to a segment."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    share = 0.0
    if length > 0:
        share = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / length
        share = min(1.0, max(0.0, share))
    return math.hypot(point[0] - start[0] - share * dx, point[1] - start[1] - share * dy)


def oriented(arc, arcs):
    """A TopoJSON arc; a complemented index means: the other way round."""
    return arcs[arc] if arc >= 0 else arcs[~arc][::-1]


def stitch(ring, arcs):
    """One ring of points from the arcs of a TopoJSON ring."""
    points = []
    for arc in ring:
        points += oriented(arc, arcs)[1 if points else 0:]
    return points


def chain(loose, arcs):
    """Closed rings from oriented arcs in any order."""
    starts = {oriented(arc, arcs)[0]: arc for arc in loose}
    rings = []
    while starts:
        start, arc = next(iter(starts.items()))
        del starts[start]
        ring = list(oriented(arc, arcs))
        while ring[-1] != ring[0]:
            ring += oriented(starts.pop(ring[-1]), arcs)[1:]
        rings.append(ring)
    return rings


def area(ring):
    """Signed square degrees, positive when counter-clockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1])) / 2


def inside(point, rings):
    """Whether the point is inside one of the rings (even-odd rule)."""
    x, y = point
    crossings = 0
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                crossings += 1
    return crossings % 2 == 1


def region_of(point, regions):
    """The region that holds the point, else the nearest one: river towns lie a few hundred metres
    outside a border drawn at 1:10 M."""
    def distance(rings):
        if inside(point, rings):
            return 0.0
        return min(to_segment(point, a, b) for ring in rings for a, b in zip(ring, ring[1:]))
    return min(sorted(regions), key=lambda name: distance(regions[name]))


def clip(ring, window):
    """Sutherland and Hodgman (1974): the part of a ring inside a window."""
    west, south, east, north = window
    for axis, limit, sign in ((0, west, 1), (1, south, 1), (0, east, -1), (1, north, -1)):
        kept = []
        for a, b in zip(ring, ring[1:] + ring[:1]):
            a_in, b_in = sign * (a[axis] - limit) >= 0, sign * (b[axis] - limit) >= 0
            if a_in:
                kept.append(a)
            if a_in != b_in:
                share = (limit - a[axis]) / (b[axis] - a[axis])
                kept.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
        ring = kept
        if not ring:
            return []
    return ring
