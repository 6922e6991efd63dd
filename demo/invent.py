"""Invents the public sites of the demonstration. Nothing here describes a real institution's
position, number or operator: names follow the usage of the country, numbers follow the size of the
town, positions are drawn around its centre, operators do not exist. The seed is fixed."""

import math
import random

import geometry

SEED = 20260101
COLUMNS = ["id", "name", "kind", "latitude", "longitude", "place", "region", "operator", "invented"]
OPERATORS = ["Opérateur fictif A", "Opérateur fictif B", "Opérateur fictif C"]
CAPITAL, PORT = "Brazzaville", "Pointe-Noire"
QUARTERS = {
    CAPITAL: ["Makélékélé", "Bacongo", "Poto-Poto", "Moungali", "Ouenzé", "Talangaï", "Mfilou", "Madibou", "Djiri"],
    PORT: ["Lumumba", "Mvou-Mvou", "Tié-Tié", "Mongo-Mpoukou", "Ngoyo"],
}
MINISTRIES = [
    "Affaires étrangères", "Affaires foncières", "Affaires sociales", "Agriculture", "Aménagement du territoire",
    "Assainissement urbain", "Budget", "Commerce", "Communication", "Construction et urbanisme",
    "Coopération internationale", "Culture et arts", "Défense nationale", "Économie fluviale",
    "Économie forestière", "Économie numérique", "Éducation civique et jeunesse", "Énergie et hydraulique",
    "Enseignement primaire et secondaire", "Enseignement supérieur", "Enseignement technique",
    "Environnement", "Finances", "Fonction publique", "Hydrocarbures", "Industrie", "Intérieur", "Justice",
    "Mines", "Petites et moyennes entreprises", "Plan et statistique", "Promotion de la femme", "Santé",
    "Tourisme et loisirs", "Transports", "Zones économiques spéciales",
]
SEATS_OF_APPEAL = {CAPITAL, PORT, "Dolisie", "Owando", "Ouesso"}
# Without a known population a place is taken for a village.
UNKNOWN_POPULATION = 500
# Kilometres of a town's radius for a thousand inhabitants; it grows with the square root.
RADIUS_KM = 0.13
SMALLEST_RADIUS_KM = 0.4
KM_PER_DEGREE = 111.2


def scaled(population, factor, least=0):
    """How many of a kind a town has: they grow slower than its people."""
    return max(least, round(factor * (population / 1000) ** 0.6))


def of(place):
    """"de Sibiti", "d'Owando"."""
    return ("d'" if place[0] in "AEÉIOU" else "de ") + place


def numbered(names_of_quarter, quarters, count):
    """`count` names spread over the quarters, numbered where a quarter has several."""
    names = []
    for number in range(count):
        quarter, round_number = quarters[number % len(quarters)], number // len(quarters)
        several = count > len(quarters)
        names.append(names_of_quarter(quarter) + (f" {round_number + 1}" if several else ""))
    return names


def institutions(place):
    """(kind, name) of every invented site of a place."""
    name, population = place["name"], place["population"] or UNKNOWN_POPULATION
    quarters = QUARTERS.get(name, [name])
    found = []
    if name == CAPITAL:
        found += [("ministry", f"Ministère – {title}") for title in MINISTRIES]
    found.append(("town_hall", f"Mairie {of(name)}"))
    if len(quarters) > 1:
        found += [("town_hall", f"Mairie d'arrondissement {of(quarter)}") for quarter in quarters]
    found += [("civil_registry", text) for text in
              numbered(lambda q: f"Centre d'état civil {of(q)}", quarters, scaled(population, 0.2, 1))]
    found += courts(name, population)
    found += hospitals(name, population, quarters)
    found += [("health_centre", text) for text in
              numbered(lambda q: f"CSI {q}", quarters, scaled(population, 0.5, 1))]
    found += schools(population, quarters)
    if population >= 3_000:
        found += [("post", text) for text in
                  numbered(lambda q: f"Bureau de poste {of(q)}", quarters, scaled(population, 0.09, 1))]
    found += [("police", text) for text in
              numbered(lambda q: f"{'Commissariat' if population >= 20_000 else 'Poste'} de police {of(q)}",
                       quarters, scaled(population, 0.2, 1))]
    return found


def courts(name, population):
    """Courts by rank of the town."""
    found = []
    if name in SEATS_OF_APPEAL:
        found.append(("court", f"Cour d'appel {of(name)}"))
    if population >= 20_000:
        found.append(("court", f"Tribunal de grande instance {of(name)}"))
    elif population >= 7_000:
        found.append(("court", f"Tribunal d'instance {of(name)}"))
    return found


def hospitals(name, population, quarters):
    """Hospitals by rank of the town."""
    found = []
    if population >= 100_000:
        found.append(("hospital", f"Hôpital général {of(name)}"))
    if population >= 500_000:
        found += [("hospital", f"Hôpital de base {of(quarter)}") for quarter in quarters]
    elif population >= 7_000:
        found.append(("hospital", f"Hôpital de base {of(name)}"))
    return found


def schools(population, quarters):
    """Primary schools everywhere, colleges and lycées as towns grow."""
    found = numbered(lambda q: f"École primaire {of(q)}", quarters, scaled(population, 0.93, 1))
    if population >= 2_000:
        found += numbered(lambda q: f"Collège {of(q)}", quarters, scaled(population, 0.28, 1))
    if population >= 7_000:
        found += numbered(lambda q: f"Lycée {of(q)}", quarters, scaled(population, 0.12, 1))
    return [("school", name) for name in found]


def scatter(draw, place, border):
    """A point around the centre of the place and inside the border. River towns have their centre
    on the line or beyond it: the circle widens until a draw falls inside."""
    population = place["population"] or UNKNOWN_POPULATION
    radius = max(SMALLEST_RADIUS_KM, RADIUS_KM * math.sqrt(population / 1000))
    while True:
        # Box and Muller, from draws that Python keeps the same in every version.
        length = radius * math.sqrt(-2 * math.log(1 - draw.random())) / KM_PER_DEGREE
        angle = 2 * math.pi * draw.random()
        latitude = place["latitude"] + length * math.sin(angle)
        longitude = place["longitude"] + length * math.cos(angle) / math.cos(math.radians(latitude))
        point = (round(longitude, 5), round(latitude, 5))
        if geometry.inside(point, border):
            return point
        radius *= 1.02


def sites(places, border):
    """All invented sites, in a fixed order with fixed identifiers."""
    draw = random.Random(SEED)
    found = []
    for place in places:
        for kind, name in institutions(place):
            longitude, latitude = scatter(draw, place, border)
            found.append({
                "id": f"CG-{len(found) + 1:06d}", "name": name, "kind": kind,
                "latitude": f"{latitude:.5f}", "longitude": f"{longitude:.5f}",
                "place": place["name"], "region": place["region"],
                "operator": OPERATORS[int(draw.random() * len(OPERATORS))], "invented": "true",
            })
    return found
