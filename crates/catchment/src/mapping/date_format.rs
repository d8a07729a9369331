//! Formats of dates and times, as people write them.

/// A format as strptime has it: patterns such as `dd/MM/yyyy HH:mm` (Unicode TR 35) are translated, those with `%` are taken.
///
/// # Errors
/// Which part is not known.
pub(super) fn strptime(pattern: &str) -> Result<String, String> {
    if pattern.contains('%') {
        return Ok(pattern.to_owned());
    }
    let (mut format, mut rest) = (String::new(), pattern);
    while let Some(first) = rest.chars().next() {
        let run = rest.chars().take_while(|char| *char == first).count();
        let (part, after) = rest.split_at(run * first.len_utf8());
        rest = after;
        format.push_str(match part {
            "yyyy" | "y" | "uuuu" => "%Y",
            "yy" => "%y",
            "MMMM" => "%B",
            "MMM" => "%b",
            "MM" | "M" => "%m",
            "dd" | "d" => "%d",
            "EEEE" => "%A",
            "EEE" | "E" => "%a",
            "HH" | "H" => "%H",
            "hh" | "h" => "%I",
            "mm" | "m" => "%M",
            "ss" | "s" => "%S",
            "a" => "%p",
            "XXX" => "%:z",
            "XX" | "Z" => "%z",
            part if part.starts_with('S') => "%f",
            part if first.is_ascii_alphabetic() && !matches!(part, "T") => {
                return Err(format!(
                    "`{part}` is not known; write yyyy, MM, dd, HH, mm and ss, or the signs of strptime, such as %d/%m/%Y"
                ));
            }
            part => {
                format.push_str(part);
                continue;
            }
        });
    }
    Ok(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_translated_and_what_is_not_known_is_named() {
        assert_eq!(strptime("dd/MM/yyyy HH:mm").as_deref(), Ok("%d/%m/%Y %H:%M"));
        assert_eq!(strptime("%d/%m/%Y").as_deref(), Ok("%d/%m/%Y"));
        assert!(strptime("dd/QQ/yyyy").is_err_and(|why| why.contains("`QQ`")));
    }
}
