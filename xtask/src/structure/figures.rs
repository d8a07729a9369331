//! How large the code is, a line a crate and one for all: files, functions, circles.

use super::circles::check_circles;
use super::functions::find_functions;
use super::workspace::{Package, SourceFile};

/// Lines of some files or functions.
#[derive(Default, Clone)]
struct Sizes(Vec<usize>);

impl Sizes {
    /// How many there are, and the lines of the middle one, of the one that nine in ten do not exceed, of the longest.
    fn columns(mut self) -> String {
        self.0.sort_unstable();
        let count = self.0.len();
        let at = |percent: usize| count.checked_sub(1).map_or(0, |last| self.0[last * percent / 100]);
        format!("{count:>7} {:>7} {:>5} {:>5}", at(50), at(90), at(100))
    }
}

/// The table of `cargo xtask structure --figures`.
pub(super) fn print_figures(packages: &[Package]) {
    println!(
        "{:<20} {:>7} {:>7} {:>5} {:>5} {:>10} {:>7} {:>5} {:>5} {:>8}",
        "", "files", "median", "p90", "max", "functions", "median", "p90", "max", "circles"
    );
    let (mut all_files, mut all_functions, mut all_circles) = (Sizes::default(), Sizes::default(), 0);
    for package in packages {
        let files = Sizes(package.files.iter().map(SourceFile::count_lines).collect());
        let parsed = package.files.iter().filter_map(|file| file.syntax.as_ref().ok());
        let functions = Sizes(parsed.flat_map(find_functions).map(|function| function.lines).collect());
        let circles = check_circles(package).len();
        all_files.0.extend(&files.0);
        all_functions.0.extend(&functions.0);
        all_circles += circles;
        print_line(&package.name, files, functions, circles);
    }
    print_line("all", all_files, all_functions, all_circles);
}

fn print_line(name: &str, files: Sizes, functions: Sizes, circles: usize) {
    println!("{name:<20} {}    {} {circles:>8}", files.columns(), functions.columns());
}
