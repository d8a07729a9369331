//! Nodes that share a database: who resumes the runs of one that is gone, and who waits for one that is alive.

use std::io::{BufRead, BufReader};

use catchment::{App, RunStatus, Settings, Workers};
use serde_json::json;

use crate::runs::until;
use crate::support::{ME, Process, Test, on_both, request};

on_both! {
    async fn a_container_with_another_name_goes_on_with_its_files(test: Test) {
        let path = test.file("a.csv", "id,title\n1,a\n");
        let gone = test.app().await;
        let interrupted = gone.service().schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        let waiting = gone.service().schedule_sync(&ME, request(&test.file("b.csv", "id,title\n2,b\n"), json!({"contentType": "music"}))).await.unwrap();
        let elsewhere = test.file("c.csv", "id,title\n3,c\n");
        let unreadable = gone.service().schedule_sync(&ME, request(&elsewhere, json!({"contentType": "music"}))).await.unwrap();
        std::fs::remove_file(elsewhere).unwrap();
        let past = test.days_ago(1);
        test.execute(&format!("UPDATE sync_runs SET next_attempt_at = {past}, created_at = {past}")).await;
        test.execute(&format!(
            "UPDATE sync_runs SET status = 'in_progress', started_at = {past}, lease_until = {past}, attempt = 1, fence = 1, \
             lease_owner = 'gone/m/b/1/1/1' WHERE id = {interrupted}"
        ))
        .await;
        let anew = App::open(&Settings { node: "anew".into(), ..test.settings() }, catchment_sources::builtin())
            .await
            .unwrap();
        let workers = Workers::start(anew.service(), 1);
        for id in [interrupted, waiting] {
            until(&test, &format!("SELECT status FROM sync_runs WHERE id = {id}"), "completed").await;
        }
        let run = anew.service().run(&ME, unreadable).await.unwrap();
        assert_eq!(run.status, RunStatus::Pending, "its file is not here");
        let why = anew.service().waits_for(&ME, &run).await.unwrap().unwrap();
        assert!(why.contains("on the node test"), "{why}");
        anew.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_node_that_is_busy_keeps_its_files(test: Test) {
        let path = test.file("a.csv", "id,title\n1,a\n");
        let theirs = test.app().await;
        let waiting = theirs.service().schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        let busy = theirs.service().schedule_sync(&ME, request(&path, json!({"contentType": "game"}))).await.unwrap();
        let past = test.days_ago(1);
        test.execute(&format!("UPDATE sync_runs SET next_attempt_at = {past}, lane_key = id")).await;
        test.execute(&format!(
            "UPDATE sync_runs SET status = 'in_progress', started_at = {past}, lease_until = '2037-01-01 00:00:00.000', \
             attempt = 1, fence = 1, lease_owner = 'test/m/b/1/1/1' WHERE id = {busy}"
        ))
        .await;
        let ours = App::open(&Settings { node: "other".into(), ..test.settings() }, catchment_sources::builtin())
            .await
            .unwrap();
        let workers = Workers::start(ours.service(), 1);
        let own = ours.service().schedule_sync(&ME, request(&test.file("b.csv", "id,title\n2,b\n"), json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {own}"), "completed").await;
        ours.service().shut_down();
        workers.finish().await;
        assert_eq!(ours.service().run(&ME, waiting).await.unwrap().status, RunStatus::Pending);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_on_the_command_line_is_told_for_whom() {
    let test = Test::sqlite().await;
    let path = test.file("a.csv", "id,title\n1,a\n");
    let service = test.app().await;
    service.service().schedule_sync(&ME, request(&path, json!({"contentType": "game"}))).await.unwrap();
    // As of a service on another machine, which lives.
    test.execute(
        "UPDATE sync_runs SET door = 'http', status = 'in_progress', started_at = '2026-01-01', attempt = 1, fence = 1, \
         lease_owner = 'elsewhere/m/b/1/4711/1', lease_until = '2999-01-01 00:00:00.000'",
    )
    .await;
    let child = test.command(&["sync", path.to_str().unwrap(), "--content-type", "music"]).spawn().unwrap();
    let mut process = Process(child);
    let mut said = BufReader::new(process.0.stderr.take().unwrap()).lines();
    let line = said.find(|line| line.as_ref().unwrap().contains("waits")).unwrap().unwrap();
    assert!(line.contains("run 1") && line.contains("4711 on elsewhere") && line.contains("2999"), "{line}");
    // Its lease runs out, and nobody here may resume it: the source is free all the same.
    test.execute("UPDATE sync_runs SET lease_until = '2026-01-01' WHERE id = 1").await;
    assert!(process.0.wait().unwrap().success());
    assert_eq!(
        test.query("SELECT id, status FROM sync_runs ORDER BY id").await,
        ["1|pending", "2|completed"]
    );
}
