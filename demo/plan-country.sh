#!/usr/bin/env bash
# Plans a country from the open files of a folder: sites (OpenStreetMap nodes, the list of KEMRI-Wellcome and WHO,
# healthsites.io), settlements, masts, power, fibre of the Open Fibre Data Standard, regions. What is not in the folder is
# not imported, and the plan says that it is missing.
#
# demo/plan-country.sh FOLDER DATA [SCENARIO]: fills the data folder DATA and writes DATA/plan.json, plan.html (a brief with
# its map) and plan.gpkg. DESSERTE names the program (desserte).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "$1" && pwd)
data=$2
scenario=${3:-$here/examples/scenario.toml}
desserte=${DESSERTE:-desserte}
mkdir -p "$data"
manifest=$data/layers.toml
: > "$manifest"

# kind, name, file, source, licence, date, uncertainty, class of it, further lines.
layer() {
  [ -e "$folder/$3" ] || return 0
  printf '[[layer]]\nkind = "%s"\nname = "%s"\nfile = "%s"\nsource = "%s"\nlicence = "%s"\ndate = "%s"\n' \
    "$1" "$2" "$folder/$3" "$4" "$5" "$6" >> "$manifest"
  printf 'uncertainty = "%s"\nuncertainty_class = "%s"\n%s\n' "$7" "$8" "${9:-}" >> "$manifest"
}
osm='© OpenStreetMap contributors'
named='columns = { name = "name", latitude = "latitude", longitude = "longitude" }'
layer places 'Settlements (OpenStreetMap)' settlements_osm_nodes_2019.csv "$osm" 'ODbL 1.0' 2019-09 \
  'population of few settlements is known' kilometres \
  'columns = { name = "name", latitude = "latitude", longitude = "longitude", population = "population", class = "value" }'
layer places 'Towns (GeoNames)' settlements_geonames_cities500_2026.csv 'GeoNames (geonames.org)' 'CC BY 4.0' 2026-07 \
  'town centres; villages are missing' kilometres \
  'columns = { name = "name", latitude = "latitude", longitude = "longitude", population = "population" }'
layer masts 'Masts and towers (OpenStreetMap)' towers_osm_nodes_2019.csv "$osm" 'ODbL 1.0' 2019-09 \
  'any tower: use for telecommunication unproven' hundreds_of_metres "$named"
layer power_nodes 'Power (OpenStreetMap)' power_osm_nodes_2019.csv "$osm" 'ODbL 1.0' 2019-09 \
  'nodes only: lines are missing' hundreds_of_metres "$named"
# Fibre of neighbours is taken up too: a route may begin across the border, and the layer's name says whose it is.
for file in "$folder"/*fibre_ofds_*_spans.geojson; do
  [ -e "$file" ] || continue
  file=$(basename "$file")
  layer fibre_lines "Spans: ${file%_spans.geojson}" "$file" 'Steve Song, OFDS-datasets' unknown 2024 \
    'routes partly guessed from roads' kilometres 'columns = { name = "name" }'
  nodes=${file%_spans.geojson}_nodes.geojson
  layer fibre_nodes "Nodes: ${file%_spans.geojson}" "$nodes" 'Steve Song, OFDS-datasets' unknown 2024 \
    'places of exchange, not surveyed' kilometres 'columns = { name = "name" }'
done
layer regions 'Regions (Natural Earth)' adm1_naturalearth_10m.geojson 'Natural Earth 1:10 m' 'public domain' 2013 \
  'coarse outlines' kilometres 'columns = { name = "name" }'

for source in sites_osm_nodes_2019:osm-nodes health_kemri_who_2019:kemri health_healthsites_io_2020:healthsites; do
  [ -e "$folder/${source%:*}.csv" ] || continue
  "$desserte" import sites "$folder/${source%:*}.csv" --mapping "$here/mappings/${source#*:}.toml" \
    --country "$folder/adm0_naturalearth_10m.geojson" --data "$data" --apply
done
"$desserte" import layers "$manifest" --data "$data" --apply
for output in json:plan.json brief:plan.html geopackage:plan.gpkg; do
  "$desserte" plan --data "$data" --scenario "$scenario" --format "${output%:*}" --output "$data/${output#*:}"
done
