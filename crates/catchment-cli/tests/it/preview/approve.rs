//! Approving: what was shown is written, and nothing else.

use catchment::RunStatus;
use serde_json::json;

use super::{PRODUCTS, code, counted, music, products};
use crate::support::{ME, Test, on_both, request};

const FIRST: &str = "id,name,price\n1,Tea,1.50\n2,Mate,7\n3,Coffee,9\n";
const SECOND: &str = "id,name,price\n1,Tea,1.75\n2,Mate,7\n3,Coffee,10\n4,Water,1\n";

async fn ready(test: &Test) -> i64 {
    test.make(PRODUCTS[0], PRODUCTS[1]).await;
    test.sync(FIRST, json!({ "targetTable": "products" })).await;
    test.previewed(products(test, SECOND)).await.id
}

on_both! {
    async fn an_approved_preview_is_written_once(test: Test) {
        let preview = ready(&test).await;
        let run = test.approved(preview).await;
        assert_eq!((run.status, counted(&run)), (RunStatus::Completed, [1, 2, 1, 0, 0]));
        assert_eq!(test.value("SELECT SUM(price) FROM products").await.trim_end_matches('0'), "19.75");
        assert_eq!(counted(&test.previewed(products(&test, SECOND)).await), [0, 0, 4, 0, 0]);
        let error = test.app().await.service().approve(&ME, preview).await.unwrap_err();
        assert_eq!((error.code(), error.message().contains(&format!("run {}", run.id))), ("already_approved", true));
        // The ledger holds what the run saw, and nothing of its first pass is left.
        assert_eq!(test.query("SELECT sync_run_id, row_count FROM sync_seen").await, [format!("{}|4", run.id)]);
        assert_eq!(test.value(&format!("SELECT COUNT(*) FROM sync_run_pages WHERE sync_run_id = {}", run.id)).await, "0");
    }

    async fn an_approved_preview_of_a_built_in_table_is_written(test: Test) {
        test.sync("title,artist,genre\nHello,Adele,Pop\nClocks,Coldplay,Pop\n", music()).await;
        let text = "title,artist,genre\nHello,Adele,Soul\nClocks,Coldplay,Pop\nYellow,Coldplay,Rock\n";
        let preview = test.previewed(request(&test.file("source.csv", text), music())).await;
        let run = test.approved(preview.id).await;
        assert_eq!(counted(&run), [1, 1, 1, 0, 0]);
        let rows = "SELECT title, genre, last_sync_run_id FROM content_index ORDER BY title";
        assert_eq!(test.query(rows).await, ["Clocks|Pop|3", "Hello|Soul|3", "Yellow|Rock|3"]);
    }

    async fn a_preview_is_stale_where_a_row_was_edited(test: Test) {
        let preview = ready(&test).await;
        test.execute("UPDATE products SET price = 2 WHERE id = 1").await;
        let before = test.query("SELECT * FROM products ORDER BY id").await;
        let run = test.approved(preview).await;
        assert_eq!((run.status, code(&run)), (RunStatus::Failed, "stale_preview"));
        assert_eq!(test.query("SELECT * FROM products ORDER BY id").await, before);
    }

    async fn a_preview_is_stale_where_a_row_that_it_left_alone_was_edited(test: Test) {
        let preview = ready(&test).await;
        test.execute("UPDATE products SET price = 8 WHERE id = 2").await;
        assert_eq!(code(&test.approved(preview).await), "stale_preview");
        assert_eq!(test.value("SELECT name FROM products WHERE price = 8").await, "Mate");
    }

    async fn a_preview_is_stale_where_the_source_changed(test: Test) {
        let preview = ready(&test).await;
        products(&test, "id,name,price\n1,Tea,1.76\n2,Mate,7\n3,Coffee,10\n4,Water,1\n");
        let run = test.approved(preview).await;
        assert_eq!((run.status, code(&run)), (RunStatus::Failed, "stale_preview"));
        assert_eq!(test.value("SELECT COUNT(*) FROM products").await, "3");
    }

    async fn what_changes_between_the_check_and_the_writing_is_left_alone_and_listed(test: Test) {
        let preview = ready(&test).await;
        // An application that edits each row that somebody else is about to write: after the check, as that writes nothing.
        let app = test.app().await;
        let id = app.service().approve(&ME, preview).await.unwrap();
        let verified = if test.is_sqlite() {
            "CREATE TRIGGER edit AFTER UPDATE ON sync_runs WHEN NEW.sync_metadata LIKE '%isVerified%' AND OLD.sync_metadata NOT LIKE \
             '%isVerified%' BEGIN UPDATE products SET price = 5 WHERE id = 3; END"
        } else {
            "CREATE TRIGGER edit AFTER UPDATE ON sync_runs FOR EACH ROW UPDATE products SET price = IF(NEW.sync_metadata LIKE \
             '%isVerified%', 5, price) WHERE id = 3 AND OLD.sync_metadata NOT LIKE '%isVerified%'"
        };
        test.execute(verified).await;
        app.service().execute_sync(&ME, id).await.unwrap();
        let run = app.service().run(&ME, id).await.unwrap();
        assert_eq!((run.status, counted(&run)), (RunStatus::Completed, [1, 1, 1, 1, 0]));
        let skips = app.service().skips(&ME, id, 0, 10).await.unwrap();
        assert_eq!(skips.iter().map(|skip| (skip.reason.as_str(), skip.item.as_deref())).collect::<Vec<_>>(), [("changed_meanwhile", Some("3"))]);
        assert_eq!(test.value("SELECT name FROM products WHERE price = 5").await, "Coffee");
    }

    async fn what_is_no_fresh_preview_cannot_be_approved(test: Test) {
        let preview = ready(&test).await;
        let app = test.app().await;
        let refused = async |id| app.service().approve(&ME, id).await.unwrap_err();
        assert_eq!(refused(1).await.code(), "wrong_state");
        assert_eq!(refused(99).await.code(), "no_such_run");
        let waiting = app.service().preview(&ME, products(&test, FIRST)).await.unwrap();
        assert_eq!(refused(waiting).await.code(), "wrong_state");
        let days_ago = test.days_ago(1);
        test.execute(&format!("UPDATE sync_runs SET completed_at = {days_ago} WHERE id = {preview}")).await;
        assert_eq!(refused(preview).await.code(), "expired_preview");
    }

    async fn an_approval_touches_no_row_of_another_source_and_no_time_of_a_row_that_is_unchanged(test: Test) {
        let app = test.app().await;
        let text = "external_id,title,genre\n1,Hello,Pop\n2,Clocks,Rock\n";
        let other = request(&test.file("other.csv", text), music());
        app.service().sync(&ME, other).await.unwrap();
        let ours = test.file("ours.csv", text);
        app.service().sync(&ME, request(&ours, music())).await.unwrap();
        let rows = "SELECT last_sync_run_id, last_synced_at, updated_at FROM content_index WHERE source_identifier LIKE '%other.csv'";
        let before = test.query(rows).await;
        let changed = "SELECT updated_at FROM content_index WHERE source_identifier LIKE '%ours.csv' AND external_id = '2'";
        let unchanged = test.value(changed).await;
        test.file("ours.csv", text.replace("Pop", "Soul"));
        let preview = test.previewed(request(&ours, music())).await;
        assert_eq!(counted(&test.approved(preview.id).await), [0, 1, 1, 0, 0]);
        assert_eq!((test.query(rows).await, test.value(changed).await), (before, unchanged));
        let ours = "SELECT last_sync_run_id FROM content_index WHERE source_identifier LIKE '%ours.csv'";
        assert_eq!(test.query(ours).await, ["4", "4"]);
    }
}
