//! The tables that there are.

use super::table::{Column, ColumnKind, Table, WhenEmpty};

/// Music, videos, films and games.
pub(crate) static CONTENT_INDEX: Table = Table {
    name: "content_index",
    columns: &[
        Column {
            name: "content_type",
            kind: ColumnKind::Choice(&["music", "video", "movie", "game"]),
            when_empty: WhenEmpty::Reject,
            known_names: &["content_type", "media_type", "tipo_contenido", "tipo_de_contenido"],
        },
        Column {
            name: "title",
            kind: ColumnKind::Text { max_chars: 1024 },
            when_empty: WhenEmpty::Reject,
            known_names: &[
                "title",
                "song_name",
                "song_title",
                "track_name",
                "track_title",
                "song",
                "track",
                "movie_title",
                "movie",
                "film",
                "game_title",
                "game",
                "video_title",
                "video",
                "name",
                "titulo",
                "nombre_cancion",
                "titulo_cancion",
                "cancion",
                "tema",
                "pelicula",
                "juego",
                "nombre",
            ],
        },
        Column {
            name: "artist",
            kind: ColumnKind::Text { max_chars: 1024 },
            when_empty: WhenEmpty::Null,
            known_names: &[
                "artist",
                "artist_name",
                "artists",
                "author",
                "director",
                "band",
                "performer",
                "singer",
                "developer",
                "artista",
                "nombre_artista",
                "artistas",
                "autor",
                "interprete",
                "cantante",
                "grupo",
                "banda",
                "desarrollador",
            ],
        },
        Column {
            name: "genre",
            kind: ColumnKind::Text { max_chars: 255 },
            when_empty: WhenEmpty::Null,
            known_names: &[
                "genre",
                "music_genre",
                "genres",
                "genre_name",
                "category",
                "style",
                "genero",
                "genero_musical",
                "generos",
                "categoria",
                "estilo",
            ],
        },
        Column {
            name: "external_id",
            kind: ColumnKind::Text { max_chars: 191 },
            when_empty: WhenEmpty::Reject,
            known_names: &[
                "external_id",
                "track_id",
                "song_id",
                "movie_id",
                "game_id",
                "video_id",
                "item_id",
                "isrc",
                "sku",
                "id",
                "uuid",
                "id_externo",
                "codigo",
                "identificador",
                "id_cancion",
                "id_pelicula",
            ],
        },
        Column {
            name: "is_available",
            kind: ColumnKind::Flag,
            when_empty: WhenEmpty::Flag(true),
            known_names: &["is_available", "available", "disponible"],
        },
    ],
    identity: &["external_id"],
    is_by_source: true,
    metadata: Some("metadata"),
};

/// Prices.
pub(crate) static CATALOG_ITEMS: Table = Table {
    name: "catalog_items",
    columns: &[
        Column {
            name: "category_id",
            kind: ColumnKind::Text { max_chars: 191 },
            when_empty: WhenEmpty::Reject,
            known_names: &["category_id", "category", "id_categoria", "categoria_id", "categoria"],
        },
        Column {
            name: "capacity",
            kind: ColumnKind::Text { max_chars: 64 },
            when_empty: WhenEmpty::Reject,
            known_names: &["capacity", "size", "capacidad", "tamano"],
        },
        Column {
            name: "capacity_gb",
            kind: ColumnKind::Count,
            when_empty: WhenEmpty::Null,
            known_names: &["capacity_gb", "gb", "size_gb", "capacidad_gb", "tamano_gb"],
        },
        Column {
            name: "price",
            kind: ColumnKind::Money,
            when_empty: WhenEmpty::Reject,
            known_names: &["price", "amount", "precio", "valor", "importe"],
        },
        Column {
            name: "content_count",
            kind: ColumnKind::Count,
            when_empty: WhenEmpty::Null,
            known_names: &["content_count", "count", "items", "cantidad", "numero_contenidos"],
        },
        Column {
            name: "content_unit",
            kind: ColumnKind::Text { max_chars: 64 },
            when_empty: WhenEmpty::Null,
            known_names: &["content_unit", "unit", "unidad"],
        },
        Column {
            name: "is_active",
            kind: ColumnKind::Flag,
            when_empty: WhenEmpty::Flag(true),
            known_names: &["is_active", "active", "activo"],
        },
        Column {
            name: "is_popular",
            kind: ColumnKind::Flag,
            when_empty: WhenEmpty::Flag(false),
            known_names: &["is_popular", "popular", "featured", "destacado"],
        },
    ],
    identity: &["category_id", "capacity"],
    is_by_source: false,
    metadata: None,
};

/// Every target.
pub(crate) static TABLES: [&Table; 2] = [&CONTENT_INDEX, &CATALOG_ITEMS];

/// The table of that name.
pub(crate) fn find_table(name: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.name == name)
}

/// The names of all tables that can be written, as in `options.targetTable`.
pub fn target_names() -> [&'static str; 2] {
    TABLES.map(|table| table.name)
}
