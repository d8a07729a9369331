//! Volumes that are away: what is known of them, and how they are forgotten.

use catchment::NodeVolume;

use super::plugs::stick;
use super::request;
use crate::http::Server;
use crate::support::{ME, Test, on_both};

/// Rows of two volumes and of a folder of one, as runs have left them, long ago.
async fn fill(test: &Test) {
    for (source, song, is_available) in [
        ("volume:1234-ABCD", "a", 1),
        ("volume:1234-ABCD", "b", 1),
        ("volume:1234-ABCD", "gone", 0),
        ("volume:1234-ABCD/Rock", "c", 1),
        ("volume:1234-ABCDE", "d", 1),
    ] {
        test.execute(&format!(
            "INSERT INTO content_index (content_type, title, source_type, source_identifier, external_id, is_available, last_synced_at, \
             last_sync_run_id) VALUES ('music', '{song}', 'usb', '{source}', '{song}', {is_available}, {}, 1)",
            test.days_ago(400)
        ))
        .await;
    }
    for source in ["volume:1234-ABCD", "volume:1234-ABCD/Rock", "volume:1234-ABCDE"] {
        test.execute(&format!(
            "INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) VALUES ('content_index', 'usb', '{source}', {})",
            test.days_ago(400)
        ))
        .await;
    }
}

on_both! {
    async fn what_is_on_a_volume_is_known_while_it_is_away(test: Test) {
        let app = test.app().await;
        fill(&test).await;
        let service = app.service();
        service.note_volumes(&ME, &[stick(Some(1))], false).await.unwrap();
        service.note_volumes(&ME, &[NodeVolume { id: "4321-0000".to_owned(), ..stick(Some(2)) }], false).await.unwrap();
        let known = service.volumes(&ME).await.unwrap();
        let told: Vec<_> = known
            .iter()
            .map(|known| (known.volume.id.as_str(), known.is_present, known.rows, known.last_read_at.is_some()))
            .collect();
        assert_eq!(told, [
            ("4321-0000", true, 0, false),
            ("1234-ABCD", false, 3, true),
            // Nobody has seen it, but runs have read it.
            ("1234-ABCDE", false, 1, true),
        ]);
        assert_eq!(known[1].volume.label.as_deref(), Some("MUSIC"));
        assert!(known[1].last_seen_at >= known[1].first_seen_at && known[1].first_seen_at.is_some());
    }

    async fn retention_leaves_a_volume_in_a_drawer_alone_and_forgetting_does_not(test: Test) {
        let app = test.app().await;
        fill(&test).await;
        assert_eq!(app.content_index().cleanup_old(&ME, 30).await.unwrap(), 0);
        assert_eq!(app.content_index().count_old(&ME, 30, None).await.unwrap(), 0);
        let error = app.service().forget_volume(&ME, "0000-0000").await.unwrap_err();
        assert_eq!(error.code(), "no_such_volume");
        let run = app.service().schedule_sync(&ME, request("volume:1234-ABCD/Rock")).await.unwrap();
        let error = app.service().forget_volume(&ME, "1234-ABCD").await.unwrap_err();
        assert_eq!(error.code(), "source_in_use");
        app.service().cancel(&ME, run).await.unwrap();
        let forgotten = app.service().forget_volume(&ME, "volume:1234-ABCD").await.unwrap();
        assert_eq!((forgotten.rows, forgotten.left_in.len()), (4, 0));
        assert_eq!(test.query("SELECT title FROM content_index").await, ["d"]);
        let known = app.service().volumes(&ME).await.unwrap();
        assert_eq!(known.iter().map(|known| known.volume.id.as_str()).collect::<Vec<_>>(), ["1234-ABCDE"]);
    }

    async fn volumes_are_told_and_forgotten_over_http_and_on_the_command_line(test: Test) {
        test.app().await;
        fill(&test).await;
        test.execute(
            "INSERT INTO sync_volumes (volume_id, node, label, fs_type, is_removable, is_present, mount_point) \
             VALUES ('1234-ABCD', 'elsewhere', 'MUSIC', 'vfat', 1, 1, '/media/MUSIC')",
        )
        .await;
        let server = Server::ready(&test);
        let of = |id: &str| {
            let listed = server.get("/v1/volumes").body["data"].as_array().unwrap().clone();
            listed.into_iter().find(|volume| volume["sourceIdentifier"] == format!("volume:{id}"))
        };
        let volume = of("1234-ABCD").unwrap();
        assert_eq!((&volume["isPresent"], &volume["rows"], &volume["node"]), (&true.into(), &3.into(), &"elsewhere".into()));
        assert_eq!(volume["allowWith"], "--volume volume:1234-ABCD");
        assert_eq!(server.delete("/v1/volumes/0000-0000").status, 404);
        let forgotten = server.delete("/v1/volumes/volume:1234-ABCDE");
        assert_eq!((forgotten.status, &forgotten.body["data"]["rowsDeleted"]), (200, &1.into()));
        assert!(of("1234-ABCDE").is_none());

        let listed = test.command(&["volumes", "--json"]).output().unwrap();
        let text = String::from_utf8(listed.stdout).unwrap();
        assert!(text.lines().any(|line| line.contains(r#""sourceIdentifier":"volume:1234-ABCD""#)), "{text}");
        let forgotten = test.command(&["volumes", "forget", "1234-ABCD", "--json"]).output().unwrap();
        assert_eq!(String::from_utf8(forgotten.stdout).unwrap().trim(), r#"{"rowsDeleted":4,"leftIn":[]}"#);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "0");
    }
}
