//! What follows when a volume is plugged in.

use catchment::{
    App, CameVolume, NodeVolume, Precondition, RunStatus, SyncDraft, Trigger, VolumeAnswer, VolumeNews,
};
use serde_json::json;

use super::{request, try_once};
use crate::support::{ME, Test, on_both};

/// A stick that is plugged in for the `plug`th time.
pub(super) fn stick(plug: Option<u32>) -> NodeVolume {
    NodeVolume {
        id: "1234-ABCD".to_owned(),
        label: Some("MUSIC".to_owned()),
        fs_type: "vfat".to_owned(),
        bytes: Some(1 << 30),
        is_removable: true,
        mount_point: "/media/MUSIC".to_owned(),
        plug: plug.map(|plug| format!("boot-{plug}")),
        ..NodeVolume::default()
    }
}

async fn look(app: &App, present: &[NodeVolume]) -> VolumeNews {
    app.service().note_volumes(&ME, present, false).await.unwrap()
}

/// Answers the one volume that came, as where all that come are synced.
async fn answer(app: &App, news: &VolumeNews) -> VolumeAnswer {
    let [came] = &news.came[..] else { panic!("{news:?}") };
    app.service().answer_volume(&ME, came, Some(request("volume:1234-ABCD"))).await.unwrap()
}

on_both! {
    async fn a_plug_starts_one_run_and_a_remount_or_a_restart_none(test: Test) {
        let app = test.app().await;
        let news = look(&app, &[stick(Some(1))]).await;
        assert!(matches!(&news.came[..], [CameVolume { before: None, is_new_plug: true, .. }]), "{news:?}");
        // Whoever notes it once more before it is answered takes nothing away from whoever answers.
        assert_eq!(look(&app, &[stick(Some(1))]).await, look(&app, &[stick(Some(1))]).await);
        let started = answer(&app, &look(&app, &[stick(Some(1))]).await).await.started[0];
        app.service().cancel(&ME, started).await.unwrap();
        assert_eq!(look(&app, &[stick(Some(1))]).await, VolumeNews::default(), "as after a restart");

        assert_eq!(look(&app, &[]).await.left, [stick(Some(1))]);
        let again = look(&app, &[NodeVolume { mount_point: "/media/MUSIC1".to_owned(), ..stick(Some(1)) }]).await;
        assert!(!again.came[0].is_new_plug, "{again:?}");
        assert_eq!(answer(&app, &again).await, VolumeAnswer::default(), "it was only mounted again");

        // Even where nobody saw it leave.
        let next = look(&app, &[stick(Some(2))]).await;
        assert!(answer(&app, &next).await.started[0] > started);
    }

    async fn where_plugs_cannot_be_told_apart_coming_is_one(test: Test) {
        let app = test.app().await;
        let came = async |present: &[NodeVolume]| {
            let news = look(&app, present).await;
            let came = news.came.first()?;
            app.service().answer_volume(&ME, came, None).await.unwrap();
            Some(came.is_new_plug)
        };
        assert_eq!(came(&[stick(None)]).await, Some(true));
        assert_eq!(came(&[stick(None)]).await, None);
        assert_eq!(came(&[]).await, None);
        assert_eq!(came(&[stick(None)]).await, Some(true));
    }

    async fn a_run_that_waits_for_a_volume_goes_on_when_it_is_plugged_in_and_no_other_is_started(test: Test) {
        let app = test.app().await;
        let waiting = app.service().schedule_sync(&ME, request("volume:1234abcd/Rock")).await.unwrap();
        assert_eq!(try_once(&app, waiting).await.status, RunStatus::Pending);
        let due = format!("SELECT COUNT(*) FROM sync_runs WHERE id = {waiting} AND next_attempt_at > '{}'", in_a_second(&test).await);
        assert_eq!(test.value(&due).await, "1", "it waits");
        let other = app.service().schedule_sync(&ME, request("volume:9999-0000")).await.unwrap();
        assert_eq!(try_once(&app, other).await.status, RunStatus::Pending);

        let answered = answer(&app, &look(&app, &[stick(Some(1))]).await).await;
        assert_eq!(answered, VolumeAnswer { resumed: 1, started: Vec::new() });
        assert_eq!(test.value(&due).await, "0", "it is due");
        let still = due.replace(&format!("id = {waiting}"), &format!("id = {other}"));
        assert_eq!(test.value(&still).await, "1", "that of another volume waits on");
    }

    async fn of_two_processes_one_answers_a_plug(test: Test) {
        let app = test.app().await;
        let news = look(&app, &[stick(Some(1))]).await;
        let first = answer(&app, &news).await;
        app.service().cancel(&ME, first.started[0]).await.unwrap();
        assert_eq!(answer(&app, &news).await, VolumeAnswer::default());
    }

    async fn a_plug_that_nobody_was_to_sync_is_answered_by_a_service_that_does(test: Test) {
        let app = test.app().await;
        let came = look(&app, &[stick(Some(1))]).await.came;
        assert_eq!(app.service().answer_volume(&ME, &came[0], None).await.unwrap(), VolumeAnswer::default());
        assert_eq!(look(&app, &[stick(Some(1))]).await, VolumeNews::default());
        let restarted = app.service().note_volumes(&ME, &[stick(Some(1))], true).await.unwrap();
        let started = answer(&app, &restarted).await.started[0];
        app.service().cancel(&ME, started).await.unwrap();
        let restarted = app.service().note_volumes(&ME, &[stick(Some(1))], true).await.unwrap();
        assert_eq!(restarted, VolumeNews::default());
    }

    async fn the_saved_syncs_of_a_volume_run_when_it_is_plugged_in(test: Test) {
        let app = test.app().await;
        for (name, source, paused) in [
            ("all", "volume:1234-abcd", false),
            ("rock", "volume:1234-ABCD/Rock", false),
            ("resting", "volume:1234-ABCD", true),
            ("other", "volume:9999-0000", false),
            ("labelled", "label:NONE OF THIS NAME", false),
        ] {
            let draft = json!({"name": name, "sourceType": "usb", "sourceIdentifier": source, "paused": paused});
            let draft = SyncDraft::from_json(draft).unwrap();
            app.service().save_sync(&ME, draft, Precondition::Absent).await.unwrap();
        }
        // What would be synced without any is not.
        let answered = answer(&app, &look(&app, &[stick(Some(1))]).await).await;
        let mut of = Vec::new();
        for run in answered.started {
            let run = app.service().run(&ME, run).await.unwrap();
            of.push((run.sync_name.unwrap(), run.trigger));
        }
        assert_eq!(of, [("all".to_owned(), Some(Trigger::Volume)), ("rock".to_owned(), Some(Trigger::Volume))]);
    }

    async fn a_run_that_waits_on_another_node_does_not_swallow_a_plug(test: Test) {
        let app = test.app().await;
        let waiting = app.service().schedule_sync(&ME, request("volume:1234-ABCD/Rock")).await.unwrap();
        try_once(&app, waiting).await;
        test.execute("UPDATE sync_runs SET node = 'elsewhere'").await;
        let answered = answer(&app, &look(&app, &[stick(Some(1))]).await).await;
        assert_eq!(answered.resumed, 0);
        assert!(answered.started.len() == 1 && answered.started[0] != waiting);
    }

    async fn a_failed_run_of_a_volume_is_taken_up_when_it_comes_again(test: Test) {
        let app = test.app().await;
        let failed = app.service().schedule_sync(&ME, request("volume:1234-ABCD")).await.unwrap();
        let fail = "UPDATE sync_runs SET status = 'failed', error_type = 'unavailable', error_code = 'volume_away', \
             completed_at = CURRENT_TIMESTAMP, started_at = CURRENT_TIMESTAMP, attempt = 1";
        test.execute(fail).await;
        let answered = answer(&app, &look(&app, &[stick(Some(1))]).await).await;
        assert_eq!(answered, VolumeAnswer { resumed: 1, started: Vec::new() });
        assert_eq!(app.service().run(&ME, failed).await.unwrap().status, RunStatus::Pending);
    }
}

/// A second from now, as the database writes it.
async fn in_a_second(test: &Test) -> String {
    let sql = if test.is_sqlite() {
        "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 second')"
    } else {
        "SELECT CAST(NOW(3) + INTERVAL 1 SECOND AS CHAR)"
    };
    test.value(sql).await
}
