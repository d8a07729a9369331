//! Too much that left at once is held, also where the change feed tells it; a preview shows it first.

use fake_google_drive::FakeDrive;
use serde_json::json;

use super::{must_be_true, open, ran, request, songs, sync};
use crate::support::{ME, Test, on_both};

on_both! {
    async fn too_much_that_left_by_the_change_feed_is_held_until_it_is_released(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let (root, ids) = songs(&drive, 40);
        sync(&app, &drive, &root, &json!({})).await.unwrap();
        ids[..20].iter().for_each(|id| drive.trash(id));
        let run = ran(&app, &drive, &root, &json!({})).await;
        let held = run.metadata.gone_held.clone().expect("half of the rows left");
        assert_eq!((held.rows, held.can_be_released, run.metadata.gone), (Some(20), true, 0));
        assert!(held.reason.contains("20 of the source's 40 rows"), "{}", held.reason);
        // It is found again, and not forgotten with the token.
        let again = ran(&app, &drive, &root, &json!({})).await;
        assert_eq!(again.metadata.gone_held.as_ref().and_then(|held| held.rows), Some(20));
        let release = app.service().release(&ME, again.id).await.unwrap();
        app.service().execute_sync(&ME, release).await.unwrap();
        let released = app.service().run(&ME, release).await.unwrap();
        assert_eq!(released.metadata.gone, 20, "{released:?}");
        must_be_true(&test, &drive, &root, "released").await;
        let after = ran(&app, &drive, &root, &json!({})).await;
        assert!(after.metadata.gone_held.is_none() && after.metadata.gone == 0, "{after:?}");
    }

    async fn a_few_of_few_are_marked_as_a_share_says_nothing(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let (root, ids) = songs(&drive, 6);
        sync(&app, &drive, &root, &json!({})).await.unwrap();
        ids[..4].iter().for_each(|id| drive.trash(id));
        assert_eq!(ran(&app, &drive, &root, &json!({})).await.metadata.gone, 4);
        must_be_true(&test, &drive, &root, "a few").await;
    }

    async fn a_preview_shows_what_would_be_marked_and_writes_nothing(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let (root, ids) = songs(&drive, 30);
        sync(&app, &drive, &root, &json!({})).await.unwrap();
        drive.trash(&ids[0]);
        drive.rename(&ids[1], "Artist - Other.mp3");
        let preview = app.service().preview(&ME, request(&drive, &root, &json!({}))).await.unwrap();
        app.service().execute_sync(&ME, preview).await.unwrap();
        let run = app.service().run(&ME, preview).await.unwrap();
        assert_eq!((run.metadata.gone, run.metadata.counts.updated), (1, 1), "{run:?}");
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE is_available = 0").await, "0");
        let approval = app.service().approve(&ME, preview).await.unwrap();
        app.service().execute_sync(&ME, approval).await.unwrap();
        let approved = app.service().run(&ME, approval).await.unwrap();
        assert_eq!(approved.metadata.gone, 1, "{approved:?}");
        must_be_true(&test, &drive, &root, "approved").await;
    }
}
