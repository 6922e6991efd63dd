"""The peers of `make bench-plan`: networkx (Steiner) and pcst_fast (prizes), one call a problem.

peers.py steiner|pcst FILE.stp, or peers.py drawn FILE.bin; prints name, cost, seconds between tabs.
"""

import sys
import time

import numpy
import pcst_fast


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
    begun = time.perf_counter()
    nodes, edges = pcst_fast.pcst_fast(ends, prizes, weights, -1, 1, "strong", 0)
    seconds = time.perf_counter() - begun
    tell("pcst_fast", round(weights[edges].sum() + prizes.sum() - prizes[nodes].sum()), seconds)


def main():
    kind, path = sys.argv[1:]
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
