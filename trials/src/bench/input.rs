//! Realistic input: a music catalogue as CSV, with artists as unequal as they are, accents, other scripts, quotes, commas
//! and line breaks, and keys in random order. The same for the same number of rows.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

const WORDS: [&str; 48] = [
    "love", "night", "heart", "time", "fire", "light", "road", "blue", "summer", "river", "dance", "rain",
    "star", "gold", "ghost", "silver", "city", "train", "moon", "café", "naïve", "über", "señor", "corazón",
    "été", "niño", "Zürich", "São", "Tōkyō", "愛", "夜", "Мир", "ночь", "Åse", "Ærø", "cœur", "black",
    "white", "broken", "sweet", "slow", "never", "always", "again", "shadow", "mirror", "velvet", "paper",
];
const GENRES: [&str; 10] = [
    "Pop",
    "Rock",
    "Hip-Hop",
    "R&B",
    "Jazz",
    "Electronic",
    "Folk",
    "Metal",
    "Música Popular Brasileira",
    "Drum & Bass",
];
const ARTISTS: u32 = 40_000;
const KEY: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The files of a bench.
pub(super) struct Input {
    pub(super) music: PathBuf,
    /// Every hundredth title is another one.
    pub(super) changed: PathBuf,
    /// A tenth of the rows is not there any more.
    pub(super) shrunk: PathBuf,
    /// The same rows in another order.
    pub(super) shuffled: PathBuf,
    /// Prices: `category_id,capacity,capacity_gb,price,content_count,content_unit,is_active,is_popular`.
    pub(super) catalog: PathBuf,
    /// Five columns with a number for a key, in its order: `id,title,artist,price,year`.
    pub(super) songs: PathBuf,
    /// Every hundredth price is another one.
    pub(super) songs_changed: PathBuf,
    /// All columns of a row of `content_index` as they end up, for a loader that cannot map.
    pub(super) whole: PathBuf,
}

impl Input {
    pub(super) fn make(dir: &Path, rows: usize) -> Result<Self> {
        let file = |name: &str| dir.join(name);
        let input = Self {
            music: file("music.csv"),
            changed: file("changed.csv"),
            shrunk: file("shrunk.csv"),
            shuffled: file("shuffled.csv"),
            catalog: file("catalog.csv"),
            songs: file("songs.csv"),
            songs_changed: file("songs_changed.csv"),
            whole: file("whole.csv"),
        };
        let rng = &mut StdRng::seed_from_u64(20_260_101);
        let tracks: Vec<_> = (0..rows).map(|_| Track::make(rng)).collect();
        let header = "song_name,artist_name,music_genre,album,track_id\n";
        let mut order: Vec<_> = (0..rows).collect();
        write_lines(&input.music, header, order.iter().map(|row| tracks[*row].line("")))?;
        let changed = |row: &usize| tracks[*row].line(if row % 100 == 37 { " (Remastered)" } else { "" });
        write_lines(&input.changed, header, order.iter().map(changed))?;
        let left = order.iter().filter(|row| *row % 10 != 3);
        write_lines(&input.shrunk, header, left.map(|row| tracks[*row].line("")))?;
        write_lines(&input.whole, "", order.iter().map(|row| tracks[*row].whole(row + 1, &input.music)))?;
        let song = |row: usize, change: usize| {
            let (title, artist) = (quoted(&tracks[row].title), quoted(&tracks[row].artist));
            let (price, year) = (row % 9000 + change, 1950 + row % 75);
            format!("{},{title},{artist},{}.{:02},{year}\n", row + 1, price / 100, price % 100)
        };
        let header_of_songs = "id,title,artist,price,year\n";
        write_lines(&input.songs, header_of_songs, (0..rows).map(|row| song(row, 0)))?;
        let changed = |row: usize| song(row, usize::from(row % 100 == 37));
        write_lines(&input.songs_changed, header_of_songs, (0..rows).map(changed))?;
        order.shuffle(rng);
        write_lines(&input.shuffled, header, order.iter().map(|row| tracks[*row].line("")))?;
        let header =
            "category_id,capacity,capacity_gb,price,content_count,content_unit,is_active,is_popular\n";
        let item = |row: usize| {
            let (gb, price) = (1 << (row % 8), row % 9000);
            format!(
                "cat-{},{gb} GB / {row},{gb},{}.{:02},{},songs,yes,no\n",
                row % 500,
                price / 100,
                price % 100,
                gb * 250
            )
        };
        write_lines(&input.catalog, header, (0..rows).map(item))?;
        Ok(input)
    }
}

struct Track {
    title: String,
    artist: String,
    genre: &'static str,
    album: String,
    key: String,
}

impl Track {
    fn make(rng: &mut StdRng) -> Self {
        // About Zipf's law: the logarithm of the rank is uniform.
        let rank = f64::from(ARTISTS).powf(rng.random::<f64>());
        let (mut title, mut album) = (phrase(rng), phrase(rng));
        match rng.random_range(0..1000) {
            0..8 => title.push_str(", Pt. 2"),
            8..14 => title = format!("\"{title}\" (Live)"),
            14..20 => album.push_str("\n(Deluxe, Édition)"),
            _ => {}
        }
        Self {
            title,
            artist: format!("Los {rank:.0} Señores"),
            genre: GENRES.choose(rng).unwrap_or(&"Pop"),
            album,
            key: (0..22).filter_map(|_| KEY.choose(rng).map(|byte| char::from(*byte))).collect(),
        }
    }

    fn line(&self, suffix: &str) -> String {
        let title = quoted(&format!("{}{suffix}", self.title));
        let (artist, album) = (quoted(&self.artist), quoted(&self.album));
        format!("{title},{artist},{},{album},{}\n", self.genre, self.key)
    }

    fn whole(&self, id: usize, file: &Path) -> String {
        let metadata = quoted(&format!("{{\"album\":\"{}\"}}", self.album.replace('\n', "\\n")));
        let (title, artist, file) = (quoted(&self.title), quoted(&self.artist), file.display());
        let now = "2026-01-01 00:00:00.000";
        format!(
            "{id},music,{title},{artist},{},csv,{file},{},1,{metadata},{now},1,{now},{now}\n",
            self.genre, self.key
        )
    }
}

fn phrase(rng: &mut StdRng) -> String {
    let words: Vec<_> = (0..rng.random_range(1..=5)).filter_map(|_| WORDS.choose(rng).copied()).collect();
    words.join(" ")
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn write_lines(path: &Path, header: &str, lines: impl Iterator<Item = String>) -> Result<()> {
    let mut text = header.to_owned();
    for line in lines {
        write!(text, "{line}")?;
    }
    Ok(fs::write(path, text)?)
}
