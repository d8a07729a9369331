//! What whoever operates the service meets: a database that refuses, rights that are few, files that change.

mod cleanup;
mod database;
mod foreign;
mod settings;

use crate::http::Server;
use crate::support::Test;

/// A user of the database of a test alone, with these rights on it; the URL of the database as this user.
async fn user(test: &Test, password: &str, rights: &str) -> (String, String) {
    let (server, database) = test.url.rsplit_once('/').unwrap();
    let host = server.rsplit_once('@').unwrap().1;
    let user = format!("u{}", &database[1..]);
    test.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY '{password}'")).await;
    test.execute(&format!("GRANT {rights} ON {database}.* TO {user}@'%'")).await;
    let url = format!("mysql://{user}:{password}@{host}/{database}");
    (user, url)
}

/// Asks until the answer has this status.
async fn until_status(server: &Server, path: &str, status: u16) {
    let answered = async {
        while server.get(path).status != status {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(60), answered).await;
    assert!(in_time.is_ok(), "{path} never answered {status}");
}
