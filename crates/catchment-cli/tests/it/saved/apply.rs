//! `catchment apply` and `catchment syncs`.

use crate::support::{Test, on_both};

/// A file with these syncs, of a file of music each.
fn file(test: &Test, syncs: &[(&str, &str)]) -> String {
    std::fs::create_dir_all(test.dir.path().join("data")).unwrap();
    let music = test.file("data/music.csv", "title\nHello\n");
    let sync = |(name, more): &(&str, &str)| {
        let source = music.display();
        format!(
            "[[sync]]\nname = \"{name}\"\nsourceType = \"csv\"\nsourceIdentifier = \"{source}\"\noptions = {{ contentType = \"music\" }}\n{more}\n"
        )
    };
    let text: String = syncs.iter().map(sync).collect();
    test.file("syncs.toml", text).display().to_string()
}

/// What a command prints, and whether it went well.
fn run(test: &Test, args: &[&str]) -> (String, bool) {
    let data = test.dir.path().join("data").display().to_string();
    let output = test.command(&[args, &["--data-dir", &data]].concat()).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (text, output.status.success())
}

on_both! {
    async fn a_file_of_syncs_is_applied_once_and_then_there_is_nothing_to_do(test: Test) {
        let path = file(&test, &[("a", "schedule = { cron = \"@daily\" }"), ("b", "")]);
        assert_eq!(run(&test, &["apply", &path, "--dry-run"]), ("+ create     a\n+ create     b\n".to_owned(), true));
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_definitions").await, "0");
        run(&test, &["apply", &path]);
        assert_eq!(run(&test, &["apply", &path]).0, "= keep       a\n= keep       b\n");
        assert_eq!(test.value("SELECT MAX(version) FROM sync_definitions").await, "1");

        let path = file(&test, &[("a", "schedule = { cron = \"@hourly\" }"), ("c", "paused = true")]);
        let told = run(&test, &["apply", &path, "--prune"]).0;
        assert_eq!(told, "~ change     a\n             /schedule\n+ create     c\n- delete     b\n");
        assert_eq!(test.query("SELECT name FROM sync_definitions ORDER BY name").await, ["a", "c"]);

        // What does not fit stops everything.
        let path = file(&test, &[("d", ""), ("c", "schedule = { cron = \"0 0 31 2 *\" }")]);
        let (told, is_fine) = run(&test, &["apply", &path]);
        assert!(!is_fine && told.contains("sync 2 (`c`)") && told.contains("never due"), "{told}");
        assert_eq!(test.query("SELECT name FROM sync_definitions ORDER BY name").await, ["a", "c"]);
    }

    async fn saved_syncs_are_listed_paused_run_and_deleted_on_the_command_line(test: Test) {
        let path = file(&test, &[("music", "schedule = { cron = \"0 3 * * *\", timeZone = \"Europe/Madrid\" }")]);
        run(&test, &["apply", &path]);
        assert!(run(&test, &["syncs"]).0.contains("0 3 * * * Europe/Madrid"));
        assert!(run(&test, &["syncs", "pause", "music", "--json"]).0.contains("\"paused\":true"));
        assert!(run(&test, &["syncs"]).0.contains("paused"));
        assert!(run(&test, &["syncs", "run", "music"]).0.starts_with("Run 1 waits"));
        assert!(run(&test, &["syncs", "runs", "music"]).0.contains("manual"));
        assert!(run(&test, &["syncs", "delete", "music"]).1);
        let (told, is_fine) = run(&test, &["syncs", "show", "music"]);
        assert!(!is_fine && told.contains("there is no saved sync `music`"), "{told}");
    }
}
