//! Content: ranges, refusals, exports, export links.

use fake_google_drive::{NativeKind, Principal, Tab, text_rows};

use crate::client::Client;

#[tokio::test]
async fn ranges_are_served_and_an_empty_file_has_none() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let file = client.drive.add_file(&folder, "a.csv", "text/csv", b"0123456789");
    let path = format!("files/{file}");
    let media = [("alt", "media")];
    let answer = client.get_with(&path, &media, &[("range", "bytes=2-4")]).await;
    assert_eq!((answer.status, answer.text().as_str()), (206, "234"));
    assert_eq!(answer.header("content-range"), Some("bytes 2-4/10"));
    let answer = client.get_with(&path, &media, &[("range", "bytes=10-")]).await;
    assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */10")));
    client.drive.set_content(&file, b"");
    let answer = client.get_with(&path, &media, &[("range", "bytes=0-")]).await;
    assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */0")));
}

#[tokio::test]
async fn content_is_refused_by_reason() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let file = client.drive.add_file_with(&folder, "a.csv", "text/csv", b"a", |file| file.is_abusive = true);
    let path = format!("files/{file}");
    let acknowledged = [("alt", "media"), ("acknowledgeAbuse", "true")];
    let abusive = (403, "cannotDownloadAbusiveFile".to_owned());
    assert_eq!(client.get(&path, &acknowledged[..1]).await.reason(), abusive);
    assert_eq!(client.get(&path, &acknowledged).await.reason(), abusive, "it is for the owner alone");
    assert_eq!(client.user().await.get(&path, &acknowledged).await.body, b"a");
    assert_eq!(client.get(&path, &acknowledged[1..]).await.status, 403, "it is for content alone");
    client.drive.change_traits(&file, |file| file.can_download = false);
    assert_eq!(client.get(&path, &acknowledged[..1]).await.reason(), (403, "cannotDownloadFile".to_owned()));
    let document = client.drive.add_native(&folder, "Notes", NativeKind::Doc);
    let answer = client.get(&format!("files/{document}"), &[("alt", "media")]).await;
    assert_eq!(answer.reason(), (403, "fileNotDownloadable".to_owned()));
}

#[tokio::test]
async fn earlier_revisions_are_read_as_they_were() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let file = client.drive.add_file(&folder, "a.csv", "text/csv", b"old");
    let path = format!("files/{file}");
    let answer = client.get(&path, &[("fields", "headRevisionId")]).await;
    let revision = answer.json()["headRevisionId"].as_str().unwrap().to_owned();
    client.drive.set_content(&file, b"new");
    let answer = client.get(&format!("{path}/revisions/{revision}"), &[("alt", "media")]).await;
    assert_eq!(answer.text(), "old");
    assert_eq!(client.get(&path, &[("alt", "media")]).await.text(), "new");
}

#[tokio::test]
async fn exports_are_chunked_limited_and_of_the_first_visible_tab() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let tabs = vec![
        Tab::new("Old", text_rows(&[&["hidden"]])).hidden(),
        Tab::new("New", text_rows(&[&["a", "b,c"], &["say \"hi\""], &[]])),
    ];
    let sheet = client.drive.add_sheet(&folder, "Table", tabs);
    let path = format!("files/{sheet}/export");
    let answer = client.get(&path, &[("mimeType", "text/csv")]).await;
    assert_eq!(answer.text(), "a,\"b,c\"\r\n\"say \"\"hi\"\"\",");
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(client.get(&path, &[]).await.reason(), (400, "required".to_owned()));
    let flagged = [("mimeType", "text/csv"), ("supportsAllDrives", "true")];
    assert_eq!(client.get(&path, &flagged).await.status, 400);
    let answer = client.get(&path, &[("mimeType", "image/gif")]).await;
    assert_eq!(answer.json()["error"]["errors"][0]["location"], "convertTo");
    client.drive.configure(|settings| settings.export_limit = 5);
    let limit = client.get(&path, &[("mimeType", "text/csv")]).await;
    assert_eq!(limit.reason(), (403, "exportSizeLimitExceeded".to_owned()));
    assert_eq!(client.get(&path, &[("mimeType", "application/pdf")]).await.status, 500);
    let file = client.drive.add_file(&folder, "a.csv", "text/csv", b"a");
    let answer = client.get(&format!("files/{file}/export"), &[("mimeType", "text/csv")]).await;
    assert_eq!(answer.reason(), (403, "fileNotExportable".to_owned()));
}

#[tokio::test]
async fn export_links_redirect_to_a_host_that_takes_no_token() {
    let mut client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let sheet = client.drive.add_sheet(&folder, "Table", vec![Tab::new("New", text_rows(&[&["a"]]))]);
    let answer = client.get(&format!("files/{sheet}"), &[("fields", "exportLinks")]).await;
    let link = answer.json()["exportLinks"]["text/csv"].as_str().unwrap().to_owned();
    let redirect = client.at(&link, &[], &[]).await.unwrap();
    let address = redirect.header("location").unwrap().to_owned();
    assert_eq!((redirect.status, address.starts_with(client.drive.content_url())), (302, true));
    assert!(client.drive.leaks().is_empty());
    assert_eq!(client.at(&address, &[], &[]).await.unwrap().status, 401);
    assert_eq!(client.drive.leaks().len(), 1);
    client.token = None;
    assert_eq!(client.at(&address, &[], &[]).await.unwrap().text(), "a");
    assert_eq!(client.at(&address, &[], &[]).await.unwrap().status, 403, "it is good once");
    let sign_in = client.at(&link, &[], &[]).await.unwrap();
    assert_eq!((sign_in.status, sign_in.text().contains("Sign in")), (200, true));
}

#[tokio::test]
async fn workbooks_hold_the_visible_tabs() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let sheet = client.drive.add_sheet(&folder, "Table", vec![Tab::new("A & B", text_rows(&[&["<a>"]]))]);
    let mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let answer = client.get(&format!("files/{sheet}/export"), &[("mimeType", mime)]).await;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(answer.body)).unwrap();
    let text = std::io::read_to_string(archive.by_name("xl/worksheets/sheet1.xml").unwrap()).unwrap();
    assert!(text.contains("&lt;a&gt;"), "{text}");
    assert_eq!(client.drive.walk(&folder, Principal::ServiceAccount, true).len(), 1);
}
