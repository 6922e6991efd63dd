//! Why a whole file could not be read. Single rows are refused in the report instead.

use super::{MAX_COLUMNS, MAX_FILE_BYTES, MAX_PARTS, MAX_ROWS, MAX_UNPACKED_BYTES};

/// A file, mapping or manifest that cannot be used at all.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what each message names")]
pub enum ImportError {
    /// Beyond [`MAX_FILE_BYTES`].
    #[error("reading {file}: {bytes} bytes are more than the limit of {MAX_FILE_BYTES}")]
    TooLarge { file: String, bytes: usize },
    /// Beyond [`MAX_ROWS`].
    #[error("reading {file}: more rows than the limit of {MAX_ROWS}")]
    TooManyRows { file: String },
    /// Beyond [`MAX_COLUMNS`].
    #[error("reading {file}: more columns than the limit of {MAX_COLUMNS}")]
    TooManyColumns { file: String },
    /// Nothing in it.
    #[error("reading {file}: it is empty")]
    Empty { file: String },
    /// An archive that is no XLSX.
    #[error(
        "reading {file}: this is a ZIP archive, but neither an XLSX nor a shapefile nor heights (.hgt); save the sheet as XLSX or CSV"
    )]
    Archive { file: String },
    /// An XLSX that cannot be read.
    #[error("reading {file}: not a readable XLSX: {detail}; save the sheet as CSV")]
    NotXlsx { file: String, detail: String },
    /// Beyond [`MAX_UNPACKED_BYTES`].
    #[error("reading {file}: unpacked it has more than {MAX_UNPACKED_BYTES} bytes")]
    TooLargeUnpacked { file: String },
    /// Beyond [`MAX_PARTS`].
    #[error("reading {file}: the workbook has more than {MAX_PARTS} parts")]
    TooManyParts { file: String },
    /// A sheet that the workbook does not have.
    #[error("reading {file}: no sheet {sheet:?}; the workbook has: {}", .present.join(", "))]
    NoSheet {
        file: String,
        sheet: String,
        present: Vec<String>,
    },
    /// Bytes that are no UTF-8, without a named encoding.
    #[error(
        "reading {file}: row {row}, column {column}: byte 0x{byte:02X} is not UTF-8; \
         if the file comes from Excel, try --encoding windows-1252"
    )]
    NotUtf8 {
        file: String,
        row: usize,
        column: String,
        byte: u8,
    },
    /// Bytes that the named encoding does not have.
    #[error("reading {file}: it is not {encoding}: some bytes have no meaning in it")]
    NotEncoding { file: String, encoding: String },
    /// An encoding that nobody knows.
    #[error(
        "reading {file}: unknown encoding {encoding}; known are utf-8, windows-1252, iso-8859-15, utf-16le …"
    )]
    UnknownEncoding { file: String, encoding: String },
    /// Columns named by the mapping that the file does not have.
    #[error("reading {file}: no column {}; the file has: {}", .missing.join(", "), .present.join(", "))]
    MissingColumns {
        file: String,
        missing: Vec<String>,
        present: Vec<String>,
    },
    /// JSON that cannot be parsed, or is no feature collection.
    #[error("reading {file}: not a GeoJSON feature collection: {detail}")]
    NotGeoJson { file: String, detail: String },
    /// A CSV file that cannot be parsed.
    #[error("reading {file}: not a CSV file: {detail}")]
    NotCsv { file: String, detail: String },
    /// A GeoPackage that cannot be read.
    #[error("reading {file}: not a readable GeoPackage: {detail}")]
    NotGeoPackage { file: String, detail: String },
    /// A shapefile that cannot be read.
    #[error(
        "reading {file}: not a readable shapefile: {detail}; give its .shp, .dbf and .prj together in a ZIP archive"
    )]
    NotShapefile { file: String, detail: String },
    /// A network of the Open Fibre Data Standard that cannot be read.
    #[error("reading {file}: not an OFDS 0.4 network: {detail}")]
    NotOfds { file: String, detail: String },
    /// An extract of OpenStreetMap that cannot be read.
    #[error("reading {file}: not a readable OpenStreetMap extract (PBF): {detail}")]
    NotPbf { file: String, detail: String },
    /// Heights where something else is expected.
    #[error("reading {file}: it holds heights of the ground; import it as a layer of kind terrain")]
    Heights { file: String },
    /// Heights that cannot be read; the reason in French and English.
    #[error("reading {file}: not readable as terrain: {}", .detail.1)]
    NotTerrain {
        file: String,
        detail: (String, String),
    },
    /// Coordinates that are not degrees.
    #[error(
        "reading {file}: its coordinates are in {crs}, not in WGS84 degrees; \
         where it is EPSG:3857 or a UTM zone (EPSG:32601 to EPSG:32760) name that system and it is converted; \
         otherwise convert it first, for instance: ogr2ogr -t_srs EPSG:4326 out.geojson in.geojson"
    )]
    Projected { file: String, crs: String },
    /// Degrees where metres were named.
    #[error("reading {file}: its coordinates are no metres of {crs}: degrees, or another system?")]
    NotProjected { file: String, crs: String },
    /// A layer that lies in the country only when latitude and longitude change places.
    #[error(
        "reading {file}: latitude and longitude look swapped: no feature lies in the country, but {swapped} would"
    )]
    LayerSwapped { file: String, swapped: usize },
    /// A mapping that cannot be read.
    #[error("reading the column mapping: {detail}")]
    Mapping { detail: String },
    /// A mapping that contradicts itself or says too little.
    #[error("reading the column mapping: {en}")]
    MappingRule { fr: &'static str, en: &'static str },
    /// A layer manifest that cannot be read.
    #[error("reading the layer manifest {file}: {detail}")]
    Manifest { file: String, detail: String },
    /// A scenario that cannot be read.
    #[error("reading the scenario {file}: {detail}")]
    Scenario { file: String, detail: String },
    /// An outline without a single ring.
    #[error("reading {file}: it holds no polygon to take the country's outline from")]
    NoOutline { file: String },
}

impl ImportError {
    /// The same in English, as [`std::fmt::Display`] gives it.
    #[must_use]
    pub fn text_en(&self) -> String {
        self.to_string()
    }

    /// The same in French.
    #[must_use]
    pub fn text_fr(&self) -> String {
        match self {
            Self::TooLarge { file, bytes } => {
                format!(
                    "lecture de {file} : {bytes} octets dépassent la limite de {MAX_FILE_BYTES}"
                )
            }
            Self::TooManyRows { file } => {
                format!("lecture de {file} : plus de lignes que la limite de {MAX_ROWS}")
            }
            Self::TooManyColumns { file } => {
                format!("lecture de {file} : plus de colonnes que la limite de {MAX_COLUMNS}")
            }
            Self::Empty { file } => format!("lecture de {file} : le fichier est vide"),
            Self::NotUtf8 {
                file,
                row,
                column,
                byte,
            } => format!(
                "lecture de {file} : ligne {row}, colonne {column} : l'octet 0x{byte:02X} n'est pas \
                 de l'UTF-8 ; si le fichier vient d'Excel, essayez --encoding windows-1252"
            ),
            Self::NotEncoding { file, encoding } => {
                format!("lecture de {file} : des octets n'ont pas de sens en {encoding}")
            }
            Self::UnknownEncoding { file, encoding } => {
                format!("lecture de {file} : encodage inconnu : {encoding}")
            }
            Self::MissingColumns {
                file,
                missing,
                present,
            } => format!(
                "lecture de {file} : pas de colonne {} ; le fichier a : {}",
                missing.join(", "),
                present.join(", ")
            ),
            _ => self.text_fr_of_forms(),
        }
    }

    /// The French texts about what kind of file it is.
    fn text_fr_of_forms(&self) -> String {
        match self {
            Self::Archive { file } => format!(
                "lecture de {file} : c'est une archive ZIP, mais ni un XLSX, ni un shapefile, ni des altitudes (.hgt) ; enregistrez la feuille en XLSX ou CSV"
            ),
            Self::NotXlsx { file, detail } => format!(
                "lecture de {file} : XLSX illisible : {detail} ; enregistrez la feuille en CSV"
            ),
            Self::TooLargeUnpacked { file } => {
                format!(
                    "lecture de {file} : une fois décompressé, plus de {MAX_UNPACKED_BYTES} octets"
                )
            }
            Self::TooManyParts { file } => {
                format!("lecture de {file} : le classeur a plus de {MAX_PARTS} parties")
            }
            Self::NoSheet {
                file,
                sheet,
                present,
            } => format!(
                "lecture de {file} : pas de feuille « {sheet} » ; le classeur a : {}",
                present.join(", ")
            ),
            Self::NotProjected { file, crs } => format!(
                "lecture de {file} : ses coordonnées ne sont pas des mètres de {crs} : des degrés, ou un autre système ?"
            ),
            Self::NotGeoPackage { file, detail } => {
                format!("lecture de {file} : GeoPackage illisible : {detail}")
            }
            Self::NotShapefile { file, detail } => format!(
                "lecture de {file} : shapefile illisible : {detail} ; donnez les fichiers .shp, .dbf et .prj ensemble dans une archive ZIP"
            ),
            Self::NotOfds { file, detail } => {
                format!("lecture de {file} : pas un réseau OFDS 0.4 : {detail}")
            }
            Self::NotPbf { file, detail } => {
                format!("lecture de {file} : extrait OpenStreetMap (PBF) illisible : {detail}")
            }
            Self::Heights { file } => format!(
                "lecture de {file} : ce sont des altitudes ; importez-les comme couche de type terrain"
            ),
            Self::NotTerrain { file, detail } => {
                format!("lecture de {file} : relief illisible : {}", detail.0)
            }
            Self::NotGeoJson { file, detail } => {
                format!("lecture de {file} : pas une collection GeoJSON : {detail}")
            }
            Self::NotCsv { file, detail } => format!("lecture de {file} : pas un CSV : {detail}"),
            Self::Projected { file, crs } => format!(
                "lecture de {file} : ses coordonnées sont en {crs}, pas en degrés WGS84 ; \
                 si c'est EPSG:3857 ou un fuseau UTM (EPSG:32601 à EPSG:32760), nommez ce système et il est converti ; sinon convertissez-le d'abord, par exemple : ogr2ogr -t_srs EPSG:4326 sortie.geojson entrée.geojson"
            ),
            Self::LayerSwapped { file, swapped } => format!(
                "lecture de {file} : latitude et longitude semblent inversées : aucun objet n'est \
                 dans le pays, mais {swapped} le seraient"
            ),
            Self::NoOutline { file } => {
                format!("lecture de {file} : aucun polygone d'où tirer le contour du pays")
            }
            _ => self.text_fr_of_settings(),
        }
    }

    /// The French texts about the files that say how others are read and planned with.
    fn text_fr_of_settings(&self) -> String {
        match self {
            Self::Mapping { detail } => {
                format!("lecture de la correspondance des colonnes : {detail}")
            }
            Self::MappingRule { fr, .. } => {
                format!("lecture de la correspondance des colonnes : {fr}")
            }
            Self::Manifest { file, detail } => {
                format!("lecture du manifeste de couches {file} : {detail}")
            }
            Self::Scenario { file, detail } => format!("lecture du scénario {file} : {detail}"),
            other => other.to_string(),
        }
    }
}
