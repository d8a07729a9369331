//! How large files and functions may be.

use super::finding::Violation;
use super::functions::find_functions;
use super::rules::{MAX_FILE_LINES, MAX_FUNCTION_LINES};
use super::workspace::{Package, SourceFile};

/// A finding for each file and each function that is too long, and for each file that does not parse.
pub(super) fn check_sizes(package: &Package) -> Vec<Violation> {
    package.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Violation> {
    let finding = |line, what, remedy: &str| Violation {
        path: file.path.clone(),
        line,
        what,
        remedy: remedy.to_owned(),
    };
    let mut findings = Vec::new();
    let lines = file.count_lines();
    if lines > MAX_FILE_LINES {
        let what = format!("the file has {lines} lines, above {MAX_FILE_LINES}");
        findings.push(finding(MAX_FILE_LINES + 1, what, "split it into one concern a file"));
    }
    let syntax = match &file.syntax {
        Ok(syntax) => syntax,
        Err(error) => {
            let what = format!("the file does not parse ({error})");
            findings.push(finding(error.span().start().line, what, "let it compile first"));
            return findings;
        }
    };
    for function in find_functions(syntax) {
        if function.lines > MAX_FUNCTION_LINES {
            let what =
                format!("`fn {}` has {} lines, above {MAX_FUNCTION_LINES}", function.name, function.lines);
            findings.push(finding(function.line, what, "give its steps functions of their own"));
        }
    }
    findings
}
