"""The peers of `make bench-plan`: networkx (Steiner), pcst_fast (prizes), highspy (phases), scipy and geopandas.

peers.py steiner|pcst FILE.stp, drawn FILE.bin, phases|nearest|coverage FILE.txt; prints name, cost, seconds between tabs
(of phases: bound, benefit, seconds, a line for each budget).
"""

import os
import sys
import time

import numpy


def read(path):
    nodes, edges, terminals, prizes = 0, [], [], {}
    with open(path) as lines:
        for line in lines:
            words = line.split()
            if not words:
                continue
            if words[0] == "Nodes":
                nodes = int(words[1])
            elif words[0] == "E":
                edges.append((int(words[1]) - 1, int(words[2]) - 1, int(words[3])))
            elif words[0] == "T":
                terminals.append(int(words[1]) - 1)
            elif words[0] == "TP":
                prizes[int(words[1]) - 1] = int(words[2])
    return nodes, edges, terminals, prizes


def tell(name, cost, seconds):
    print(name, int(cost), f"{seconds:.4f}", sep="\t")


def steiner(path):
    import networkx

    _, edges, terminals, _ = read(path)
    graph = networkx.Graph()
    for a, b, weight in edges:
        if not graph.has_edge(a, b) or graph[a][b]["weight"] > weight:
            graph.add_edge(a, b, weight=weight)
    begun = time.perf_counter()
    tree = networkx.algorithms.approximation.steiner_tree(graph, terminals, weight="weight", method="mehlhorn")
    seconds = time.perf_counter() - begun
    tell("networkx", sum(weight for _, _, weight in tree.edges(data="weight")), seconds)


def prize_collecting(ends, weights, prizes):
    import pcst_fast

    begun = time.perf_counter()
    nodes, edges = pcst_fast.pcst_fast(ends, prizes, weights, -1, 1, "strong", 0)
    seconds = time.perf_counter() - begun
    tell("pcst_fast", round(weights[edges].sum() + prizes.sum() - prizes[nodes].sum()), seconds)


def phases(path):
    """Most benefit under a budget: a tree from node 0 as flow (one unit to each site that is taken)."""
    import highspy

    # What the solver prints goes to stderr: stdout is for answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    nodes, edges, items, budgets = 0, [], [], []
    with open(path) as lines:
        for line in lines:
            word, *numbers = line.split()
            numbers = [int(number) for number in numbers]
            if word == "nodes":
                nodes = numbers[0]
            elif word == "edge":
                edges.append(numbers)
            elif word == "item":
                items.append(numbers)
            else:
                budgets.append(numbers[0])
    for budget in budgets:
        model = highspy.Highs()
        model.silent()
        model.setOptionValue("time_limit", 60.0)
        taken = [model.addBinary() for _ in items]
        used = [model.addBinary() for _ in edges]
        at = {node: take for (node, _, _), take in zip(items, taken) if node >= 0}
        # Each edge is used one way or the other, and a node is entered once.
        ways = []
        arrive = [[] for _ in range(nodes)]
        for (a, b, _), use in zip(edges, used):
            way, yaw = model.addBinary(), model.addBinary()
            model.addConstr(way + yaw == use)
            ways += [(a, b, way), (b, a, yaw)]
            arrive[b].append(way)
            arrive[a].append(yaw)
        for node in range(1, nodes):
            if arrive[node]:
                come = sum(arrive[node][1:], 1 * arrive[node][0])
                model.addConstr(come <= 1)
                if node in at:
                    model.addConstr(come - at[node] >= 0)
            elif node in at:
                model.addConstr(at[node] == 0)
        # A flow of its own to each site is the strong form; one flow to all the small one, for graphs on
        # which the strong one does not end its first relaxation in time.
        strong = len(edges) * len(at) <= 12_000
        for goals in [[node] for node in at] if strong else [list(at)]:
            balance = [[] for _ in range(nodes)]
            for a, b, way in ways:
                flow = model.addVariable(lb=0)
                model.addConstr(flow <= len(goals) * way)
                balance[b].append(1 * flow)
                balance[a].append(-1 * flow)
            for node in range(1, nodes):
                if balance[node]:
                    inflow = sum(balance[node][1:], balance[node][0])
                    model.addConstr(inflow - at[node] == 0 if node in goals else inflow == 0)
        cost = sum((capex * take for (_, capex, _), take in zip(items, taken)), 0 * taken[0])
        cost = sum((weight * use for (_, _, weight), use in zip(edges, used)), cost)
        model.addConstr(cost <= budget)
        benefit = sum((worth * take for (_, _, worth), take in zip(items, taken)), 0 * taken[0])
        begun = time.perf_counter()
        model.maximize(benefit)
        seconds = time.perf_counter() - begun
        info = model.getInfo()
        bound, benefit = int(info.mip_dual_bound + 1e-6), round(info.objective_function_value)
        print(bound, benefit, f"{seconds:.4f}", sep="\t", file=answers, flush=True)


def nearest(path):
    points, sites = [], []
    with open(path) as lines:
        for line in lines:
            word, x, y = line.split()
            (points if word == "point" else sites).append((float(x), float(y)))
    points, sites = numpy.array(points), numpy.array(sites)
    import scipy.spatial

    def centred(table):
        longitude, latitude = numpy.radians(table).T
        return 6371000.0 * numpy.stack(
            [
                numpy.cos(latitude) * numpy.cos(longitude),
                numpy.cos(latitude) * numpy.sin(longitude),
                numpy.sin(latitude),
            ],
            axis=1,
        )

    times = []
    for _ in range(5):
        begun = time.perf_counter()
        tree = scipy.spatial.cKDTree(centred(points))
        metres, _ = tree.query(centred(sites))
        times.append(time.perf_counter() - begun)
    tell("scipy cKDTree (sphere)", metres.sum(), sorted(times)[2])
    import geopandas

    times = []
    for _ in range(5):
        begun = time.perf_counter()
        plane = "EPSG:32633"
        left = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*sites.T), crs=4326).to_crs(plane)
        right = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*points.T), crs=4326).to_crs(plane)
        joined = geopandas.sjoin_nearest(left, right, distance_col="metres")
        times.append(time.perf_counter() - begun)
    tell("geopandas sjoin_nearest (UTM)", joined["metres"].sum(), sorted(times)[2])


def coverage(path):
    """Sites inside at least one disc: by a tree in the sphere's space, and by a join of buffered points."""
    discs, sites = [], []
    with open(path) as lines:
        for line in lines:
            word, *numbers = line.split()
            (discs if word == "disc" else sites).append([float(number) for number in numbers])
    discs, sites = numpy.array(discs), numpy.array(sites)
    import scipy.spatial

    def centred(table):
        longitude, latitude = numpy.radians(table).T
        unit = [numpy.cos(latitude) * numpy.cos(longitude), numpy.cos(latitude) * numpy.sin(longitude), numpy.sin(latitude)]
        return 6371000.0 * numpy.stack(unit, axis=1)

    times = []
    for _ in range(5):
        begun = time.perf_counter()
        tree = scipy.spatial.cKDTree(centred(sites))
        covered = numpy.zeros(len(sites), dtype=bool)
        for found in tree.query_ball_point(centred(discs[:, :2]), discs[:, 2]):
            covered[found] = True
        times.append(time.perf_counter() - begun)
    tell("scipy cKDTree (sphere)", covered.sum(), sorted(times)[2])
    import geopandas

    times = []
    for _ in range(5):
        begun = time.perf_counter()
        plane = "EPSG:32633"
        left = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*sites.T), crs=4326).to_crs(plane)
        right = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*discs[:, :2].T), crs=4326).to_crs(plane)
        right["geometry"] = right.geometry.buffer(discs[:, 2])
        joined = geopandas.sjoin(left, right, predicate="within")
        times.append(time.perf_counter() - begun)
    tell("geopandas sjoin (UTM)", joined.index.nunique(), sorted(times)[2])


def main():
    kind, path = sys.argv[1:]
    if kind in ("phases", "nearest", "coverage"):
        return {"phases": phases, "nearest": nearest, "coverage": coverage}[kind](path)
    if kind == "steiner":
        steiner(path)
    elif kind == "pcst":
        count, edges, _, given = read(path)
        table = numpy.array(edges, dtype=numpy.int64)
        prizes = numpy.zeros(count)
        for node, prize in given.items():
            prizes[node] = prize
        prize_collecting(table[:, :2].copy(), table[:, 2].astype(float), prizes)
    else:
        numbers = numpy.fromfile(path, dtype="<i8")
        nodes, edges = numbers[:2]
        ends = numbers[2 : 2 + 2 * edges].reshape(edges, 2)
        weights = numbers[2 + 2 * edges : 2 + 3 * edges].astype(float)
        prize_collecting(ends, weights, numbers[2 + 3 * edges :].astype(float))


main()
