//! Rows that a source vouches for are what it says, or another run reads all of it.

use super::{app, scripted, until};
use crate::gated::Step;
use crate::support::{ME, Test, counts, on_both};

const SEEN: &str = "SELECT MAX(page_no) FROM sync_runs WHERE status = 'in_progress'";

on_both! {
    async fn a_row_that_somebody_deletes_meanwhile_has_another_run_read_all(test: Test) {
        let ((steps, request), app) = (scripted(&test, "vouched"), app(&test).await);
        let service = app.service().clone();
        for step in [Step::Leaving(0..4), Step::End] {
            steps.send(step).unwrap();
        }
        assert_eq!(counts(&service.sync(&ME, request.clone()).await.unwrap()), [4, 0, 0, 0, 0]);

        let again = tokio::spawn(async move { service.sync(&ME, request).await.unwrap() });
        steps.send(Step::Vouch(0..2)).unwrap();
        until(&test, SEEN, "1").await;
        test.execute("DELETE FROM content_index WHERE external_id = '3'").await;
        steps.send(Step::Vouch(2..4)).unwrap();
        until(&test, "SELECT COUNT(*) FROM sync_runs WHERE status = 'failed'", "1").await;
        for step in [Step::Leaving(0..4), Step::End] {
            steps.send(step).unwrap();
        }
        let result = again.await.unwrap();
        assert_eq!(counts(&result), [1, 0, 3, 0, 0], "{result:?}");
        let runs = test.query("SELECT status, COALESCE(error_code, '') FROM sync_runs ORDER BY id").await;
        assert_eq!(runs, ["completed|", "failed|not_as_vouched", "completed|"]);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "4");
    }

    async fn a_record_that_was_vouched_for_is_none_a_second_time(test: Test) {
        let ((steps, request), app) = (scripted(&test, "twice"), app(&test).await);
        for step in [Step::Leaving(0..4), Step::End] {
            steps.send(step).unwrap();
        }
        app.service().sync(&ME, request.clone()).await.unwrap();
        for step in [Step::Vouch(0..4), Step::Rows(3..5), Step::End] {
            steps.send(step).unwrap();
        }
        let result = app.service().sync(&ME, request).await.unwrap();
        assert_eq!(counts(&result), [1, 0, 4, 1, 0], "{result:?}");
    }
}
