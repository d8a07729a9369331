//! Each bad day of Google's, at each call: in the end the table is what the server knows, and nothing is asked too often.

use std::time::Duration;

use catchment_core::ErrorKind;
use fake_google_drive::{Call, FakeDrive, Fault, Matcher};
use serde_json::json;

use super::files::library;
use super::table::{Table, is_media, walked};
use super::{error_of, pages_of, read, source, values};

/// What passes by itself.
fn passing() -> Vec<Fault> {
    vec![
        Fault::rate_limit_exceeded(),
        Fault::user_rate_limit_exceeded(),
        Fault::too_many_requests(Some(1)),
        Fault::too_many_requests(None),
        Fault::backend_error(500),
        Fault::backend_error(502),
        Fault::backend_error(503),
        Fault::backend_error(504),
        Fault::auth_error(),
        Fault::html_200(),
        Fault::empty_object_200(),
        Fault::half_json(),
        Fault::cut_body(true),
        Fault::cut_body(false),
        Fault::reset(),
        Fault::reset_in_body(),
    ]
}

#[tokio::test]
async fn what_passes_by_itself_at_any_call_costs_no_row() {
    let calls = [Call::Token, Call::Get, Call::List, Call::StartToken, Call::Changes];
    let tried = passing().into_iter().flat_map(|fault| calls.map(|call| (fault.clone(), call)));
    let tried = tried.map(|(fault, call)| async move {
        let drive = FakeDrive::start().await;
        let root = library(&drive);
        let rule = drive.fail(Matcher::call(call).nth(1), fault.clone());
        let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
        // A refused token at its endpoint is none that a repeat could mend.
        match table.sync(&source, 4, usize::MAX).await {
            Ok(_) => table.must_equal(&walked(&drive, &root, is_media), &format!("{call:?} {fault:?}")),
            Err(error) => assert!(
                call == Call::Token && error.kind() == ErrorKind::Authentication,
                "{call:?} {fault:?}: {error}"
            ),
        }
        drive.stop_failing(rule);
        table.sync(&source, 4, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), &format!("after {call:?} {fault:?}"));
    });
    futures::StreamExt::collect::<Vec<()>>(futures::StreamExt::buffer_unordered(
        futures::stream::iter(tried),
        16,
    ))
    .await;
}

#[tokio::test]
async fn a_rate_limit_without_a_time_is_paused_longer_and_longer() {
    let drive = FakeDrive::start().await;
    let id = drive.add_file(&drive.root_folder("Files"), "a.csv", "text/csv", b"sku\na\n");
    drive.fail(Matcher::call(Call::Get).first(2), Fault::user_rate_limit_exceeded());
    let pages = read(&source(&drive, &id, json!({})), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["sku"]), [["a"]]);
    let waited: Vec<_> = drive.comebacks().iter().filter_map(|comeback| comeback.waited).collect();
    assert!(waited[0] >= Duration::from_secs(1) && waited[1] >= Duration::from_secs(2), "{waited:?}");
}

#[tokio::test]
async fn limits_that_last_are_not_run_against() {
    let drive = FakeDrive::start().await;
    let id = drive.add_file(&drive.root_folder("Files"), "a.csv", "text/csv", b"sku\na\n");
    for (call, fault) in [(Call::Get, Fault::daily_limit()), (Call::Media, Fault::download_quota())] {
        let rule = drive.fail(Matcher::call(call), fault);
        drive.reset_counts();
        let error = error_of(&source(&drive, &id, json!({}))).await;
        assert_eq!((error.kind(), drive.count(call)), (ErrorKind::RateLimited, 1), "{error}");
        drive.stop_failing(rule);
    }
}

#[tokio::test]
async fn content_that_is_damaged_on_its_way_is_never_taken_for_the_file() {
    let drive = FakeDrive::start().await;
    let id = drive.add_file(&drive.root_folder("Files"), "a.csv", "text/csv", b"sku\naaaa\nbbbb\ncccc\n");
    for fault in [Fault::wrong_byte(), Fault::html_200(), Fault::cut_body(false), Fault::half_json()] {
        let rule = drive.fail(Matcher::call(Call::Media), fault.clone());
        let error = error_of(&source(&drive, &id, json!({}))).await;
        assert!(error.kind().is_retryable(), "{fault:?}: {error}");
        drive.stop_failing(rule);
    }
    let bomb = drive.fail(Matcher::call(Call::Media), Fault::gzip_bomb(50 << 20));
    let error = error_of(&source(&drive, &id, json!({"maxFileBytes": 1 << 20}))).await;
    assert_eq!(error.code(), "file_too_long");
    drive.stop_failing(bomb);
    let pages = read(&source(&drive, &id, json!({})), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["sku"]).len(), 3);
}

#[tokio::test]
async fn an_md5_that_is_always_wrong_ends_the_run_with_that_reason() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Files");
    let id =
        drive.add_file_with(&root, "a.csv", "text/csv", b"sku\na\n", |traits| traits.has_wrong_md5 = true);
    let error = error_of(&source(&drive, &id, json!({}))).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Network, "corrupt_download"));
}
