//! The commands of the keyboard.

use std::fmt::Write;

use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Principal, demo};

/// What can be typed.
pub(crate) const HELP: &str = "\
commands: ls | trash ID | untrash ID | delete ID | unshare ID | share ID | move ID PARENT | rename ID \"NAME\"
          put PARENT \"NAME\" PATH | fail CALL FAULT COUNT | heal | requests | leaks | help | quit
  CALL    list get media export changes start-token about sheet values token any
  FAULT   rate-limit 429 daily-limit quota abusive scope 401 404 410 500 502 503 html empty half cut reset stall";

/// Runs a line; what it answers, or `None` at the end.
pub(crate) fn run(drive: &FakeDrive, line: &str) -> Option<String> {
    let words = split(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_known = |id: &str| drive.file(id).is_some();
    let answer = match words.as_slice() {
        [] => String::new(),
        ["quit"] => return None,
        ["help"] => HELP.to_owned(),
        ["ls"] => list(drive),
        ["requests"] => drive.requests().iter().fold(String::new(), |text, seen| {
            format!("{text}{} {:?} {} {}\n", seen.status, seen.call, seen.method, seen.path_and_query)
        }),
        ["leaks"] => format!("{:#?}", drive.leaks()),
        ["heal"] => {
            drive.clear_rules();
            "all is well".to_owned()
        }
        ["fail", call, fault, count] => fail(drive, call, fault, count),
        ["put", parent, name, path] if is_known(parent) => put(drive, parent, name, path),
        [verb, id, rest @ ..] if is_known(id) => {
            if change(drive, verb, id, rest) {
                format!("{verb}: done")
            } else {
                HELP.to_owned()
            }
        }
        [_, id, ..] => format!("there is no {id}; `ls` shows what there is"),
        _ => HELP.to_owned(),
    };
    Some(answer)
}

/// Words; those in double quotes may hold spaces.
fn split(line: &str) -> Vec<String> {
    let parts = line.trim().split('"').enumerate();
    parts
        .flat_map(|(index, part)| {
            let is_quoted = index % 2 == 1;
            if is_quoted {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        })
        .collect()
}

fn list(drive: &FakeDrive) -> String {
    let mut text = String::new();
    for file in drive.with_world(|world| world.everything()) {
        let trashed = if file.trashed { "  (in the bin)" } else { "" };
        writeln!(text, "{:<45} {}{trashed}", file.id, file.path).unwrap();
    }
    text
}

fn change(drive: &FakeDrive, verb: &str, id: &str, rest: &[&str]) -> bool {
    match (verb, rest) {
        ("trash", []) => drive.trash(id),
        ("untrash", []) => drive.untrash(id),
        ("delete", []) => drive.delete(id),
        ("share", []) => drive.share(id, Principal::ServiceAccount),
        ("unshare", []) => drive.unshare(id, Principal::ServiceAccount),
        ("move", [parent]) if drive.file(parent).is_some() => drive.move_to(id, parent),
        ("rename", [name]) => drive.rename(id, name),
        _ => return false,
    }
    true
}

/// Uploads over a file of that name, or makes one.
fn put(drive: &FakeDrive, parent: &str, name: &str, path: &str) -> String {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return format!("{path}: {error}"),
    };
    let siblings = drive.with_world(|world| world.everything());
    let is_same = |id: &str| drive.file(id).is_some_and(|file| file.parents == [parent] && file.name == name);
    match siblings.iter().find(|file| file.size.is_some() && is_same(&file.id)) {
        Some(file) => {
            drive.set_content(&file.id, &bytes);
            file.id.clone()
        }
        None => drive.add_file(parent, name, demo::mime_of(name), &bytes),
    }
}

fn fail(drive: &FakeDrive, call: &str, fault: &str, count: &str) -> String {
    let (Some(matcher), Some(fault), Ok(count)) = (matcher(call), fault_of(fault), count.parse()) else {
        return HELP.to_owned();
    };
    drive.fail(matcher.first(count), fault);
    format!("the next {count} fail")
}

fn matcher(name: &str) -> Option<Matcher> {
    let call = match name {
        "any" => return Some(Matcher::any()),
        "list" => Call::List,
        "get" => Call::Get,
        "media" => Call::Media,
        "export" => Call::Export,
        "changes" => Call::Changes,
        "start-token" => Call::StartToken,
        "about" => Call::About,
        "sheet" => Call::SheetGet,
        "values" => Call::Values,
        "token" => Call::Token,
        _ => return None,
    };
    Some(Matcher::call(call))
}

fn fault_of(name: &str) -> Option<Fault> {
    Some(match name {
        "rate-limit" => Fault::rate_limit_exceeded(),
        "429" => Fault::too_many_requests(None),
        "daily-limit" => Fault::daily_limit(),
        "quota" => Fault::download_quota(),
        "abusive" => Fault::abusive(),
        "scope" => Fault::insufficient_scope(),
        "401" => Fault::auth_error(),
        "404" => Fault::not_found("unknown"),
        "410" => Fault::gone_410(),
        "500" => Fault::backend_error(500),
        "502" => Fault::backend_error(502),
        "503" => Fault::backend_error(503),
        "html" => Fault::html_200(),
        "empty" => Fault::empty_object_200(),
        "half" => Fault::half_json(),
        "cut" => Fault::cut_body(true),
        "reset" => Fault::reset(),
        "stall" => Fault::stall(),
        _ => return None,
    })
}
