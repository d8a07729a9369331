//! Worlds to try a client on by hand.

use crate::exports::export::exported;
use crate::world::cell::Cell;
use crate::world::item::VideoMetadata;
use crate::world::native::{NativeKind, XLSX};
use crate::world::spreadsheet::{Tab, text_rows};
use crate::world::state::World;

/// The folders of a demo.
#[derive(Debug)]
pub struct DemoFolders {
    /// Songs and videos, in two levels.
    pub music: String,
    /// Tables in several forms.
    pub prices: String,
}

const SONGS: [&str; 8] = [
    "01 Soda Stereo - Persiana Americana.mp3",
    "02 Charly García - Demoliendo Hoteles.mp3",
    "03 Los Abuelos de la Nada - Mil Horas.mp3",
    "04 Sui Generis - Canción para mi Muerte.flac",
    "05 Virus - Imágenes Paganas.mp3",
    "06 Mercedes Sosa - Alfonsina y el Mar.m4a",
    "07 Fito Páez - Mariposa Tecknicolor.mp3",
    "08 AC⁄DC - It's a Long Way to the Top / Live.mp3",
];

const VIDEOS: [&str; 4] = [
    "Soda Stereo - De Música Ligera.mp4",
    "Café Tacvba - Eres.mp4",
    "Los Fabulosos Cadillacs - Matador.mp4",
    "Intro.mov",
];

/// Fills a world: `Music` and `Prices`, both shared with the service account.
pub fn fill_demo(world: &mut World) -> DemoFolders {
    let music = world.root_folder("Music");
    for name in SONGS {
        world.add_file(&music, name, mime_of(name), format!("ID3 {name}").as_bytes());
    }
    let videos = world.add_folder(&music, "Videos");
    for name in VIDEOS {
        let video = VideoMetadata { width: 1920, height: 1080, duration_millis: 214_000 };
        let content = format!("ftyp {name}");
        world
            .add_file_with(&videos, name, mime_of(name), content.as_bytes(), |file| file.video = Some(video));
    }
    let prices = world.root_folder("Prices");
    let sheet = world.add_sheet(&prices, "Price list", price_tabs());
    world.add_file(&prices, "north.csv", "text/csv", b"sku,name,price\n1,Guitar,1234.50\n2,Bass,900\n");
    world.add_file(&prices, "south.csv", "text/csv", b"sku,name,price\n3,Drums,2100\n");
    let workbook = exported(world.item(&sheet), XLSX, None).unwrap_or_default();
    world.add_file(&prices, "east.xlsx", XLSX, &workbook);
    world.add_native(&prices, "How to read this", NativeKind::Doc);
    world.add_shortcut(&prices, "The songs", &music);
    DemoFolders { music, prices }
}

fn price_tabs() -> Vec<Tab> {
    let mut rows = text_rows(&[&["sku", "name", "price", "since"]]);
    let row = |sku: i32, name: &str, price: f64, shown: &str| {
        vec![sku.into(), name.into(), Cell::formatted(price, shown), Cell::date(46_350.0, "11/24/2026")]
    };
    rows.push(row(10, "Piano", 1_234.5, "$ 1,234.50"));
    rows.push(row(11, "Charango", 310.0, "$ 310.00"));
    vec![Tab::new("Prices", rows).gid(0), Tab::new("It's old", text_rows(&[&["sku"], &["9"]]))]
}

/// A file's MIME type by its extension.
#[must_use]
pub fn mime_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "mp3" => "audio/mpeg",
        "flac" => "audio/flac",
        "m4a" => "audio/mp4",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "json" => "application/json",
        "txt" => "text/plain",
        "xlsx" => XLSX,
        _ => "application/octet-stream",
    }
}

/// Copies a directory of the disk, with all that is below it, into a folder that is shared with the service account.
///
/// # Errors
/// Where it cannot be read.
pub fn mirror_directory(world: &mut World, path: &std::path::Path) -> std::io::Result<String> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let root = world.root_folder(&name);
    let mut folders = vec![(path.to_owned(), root.clone())];
    while let Some((path, folder)) = folders.pop() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_dir() {
                folders.push((entry.path(), world.add_folder(&folder, &name)));
            } else {
                world.add_file(&folder, &name, mime_of(&name), &std::fs::read(entry.path())?);
            }
        }
    }
    Ok(root)
}
