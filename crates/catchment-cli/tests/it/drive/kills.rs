//! A process that is killed after any page of a sweep or of an increment.

use std::time::Duration;

use fake_google_drive::{Call, FakeDrive, Fault, Matcher};

use super::{MP3, addresses, must_be_true, open};
use crate::support::{Process, Test, on_both};

/// The command on the fake.
fn command(test: &Test, drive: &FakeDrive, root: &str) -> std::process::Command {
    let mut command =
        test.command(&["sync", root, "--type", "drive", "--service-account", "key.json", "--json"]);
    for (name, url) in addresses(drive) {
        let variable = match name {
            "drive" => "CATCHMENT_DRIVE_URL",
            "sheets" => "CATCHMENT_SHEETS_URL",
            "google-token" => "CATCHMENT_GOOGLE_TOKEN_URL",
            _ => "CATCHMENT_GOOGLE_DOCS_URL",
        };
        command.env(variable, url);
    }
    command
}

/// Kills the command at one of its requests, again and again, until it comes to its end.
async fn finish_by_kills(test: &Test, drive: &FakeDrive, root: &str) -> usize {
    let mut kills = 0;
    loop {
        let mut process = Process(command(test, drive, root).spawn().unwrap());
        let stop_at = drive.requests().len() + 3 + kills * 5;
        let status = loop {
            if let Some(status) = process.0.try_wait().unwrap() {
                break Some(status);
            }
            // A run that is lost five times before its first page is given up.
            if kills < 3 && drive.requests().len() >= stop_at {
                break None;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        match status {
            Some(status) => {
                assert_eq!(status.code(), Some(0));
                return kills;
            }
            None => {
                process.0.kill().unwrap();
                process.0.wait().unwrap();
                kills += 1;
            }
        }
    }
}

on_both! {
    async fn a_sweep_and_an_increment_that_are_killed_end_in_what_the_server_knows(test: Test) {
        let drive = FakeDrive::start().await;
        test.file("key.json", drive.service_account_key());
        open(&test, &drive).await;
        let root = drive.root_folder("Music");
        let mut ids = Vec::new();
        for folder in 0..12 {
            let folder = drive.add_folder(&root, &format!("Album {folder}"));
            ids.extend((0..40).map(|song| drive.add_file(&folder, &format!("A - {song}.mp3"), MP3, b"x")));
        }
        drive.configure(|settings| settings.page_limit = 20);
        drive.fail(Matcher::call(Call::List).every(7), Fault::backend_error(503));
        assert!(finish_by_kills(&test, &drive, &root).await > 0);
        must_be_true(&test, &drive, &root, "after a sweep").await;
        for (number, id) in ids.iter().enumerate() {
            match number % 10 {
                0 => drive.trash(id),
                1 => drive.rename(id, "B - renamed.mp3"),
                _ => {}
            }
        }
        let outside = drive.root_folder("Outside");
        let album = drive.add_folder(&outside, "Late");
        (0..40).for_each(|song| {
            drive.add_file(&album, &format!("C - {song}.mp3"), MP3, b"x");
        });
        drive.move_to(&album, &root);
        finish_by_kills(&test, &drive, &root).await;
        must_be_true(&test, &drive, &root, "after an increment").await;
        let sums = "SELECT COUNT(*) FROM sync_runs WHERE status = 'completed'";
        assert!(test.value(sums).await.parse::<u32>().unwrap() >= 2);
    }
}
