//! `--create`: a table from what a file holds.

use crate::support::{Test, on_both};

on_both! {
    async fn a_table_is_made_from_what_a_file_holds_and_loaded(test: Test) {
        test.file("songs.csv", "id,title,price,released,live,zip\n1,Loca,1.50,2026-01-02,yes,08001\n2,Ñandú,20,2026-01-03,no,28001\n");
        let run = |args: &[&str]| {
            let output = test.command(args).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
        };
        let create = ["sync", "songs.csv", "--target", "songs", "--create"];
        let (code, shown) = run(&[&create[..], &["--dry-run"]].concat());
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("CREATE TABLE") && shown.contains("PRIMARY KEY"), "{shown}");
        let (code, told) = run(&create);
        assert_eq!(code, Some(0), "{told}");
        let (code, told) = run(&create);
        assert!(code == Some(0) && told.contains("unchanged            2"), "{told}");
        let price = if test.is_sqlite() { "1.5" } else { "1.50" };
        assert_eq!(
            test.query("SELECT id, title, price, released, live, zip FROM songs ORDER BY id").await[0],
            format!("1|Loca|{price}|2026-01-02|1|08001")
        );
        // What does not fit later is a reject, and nothing is cut.
        test.file("songs.csv", "id,title,price,released,live,zip\n1,Loca,many,2026-01-02,yes,08001\n3,New,1,2026-01-03,no,1\n");
        let (code, told) = run(&create);
        assert!(code == Some(3) && told.contains("price: `many` does not fit"), "{told}");
    }

    async fn rows_without_a_key_are_told_apart_by_all_their_values(test: Test) {
        let text = "a,b\n1.5,x\n1.5,y\n1.5,x\n2.5,x\n";
        test.file("rows.csv", text);
        let run = |args: &[&str]| test.command(args).output().unwrap();
        let create = ["sync", "rows.csv", "--target", "rows_of", "--create"];
        assert_eq!(run(&create).status.code(), Some(0), "the repeated row repeats all its values");
        assert_eq!(test.value("SELECT COUNT(*) FROM rows_of").await, "3");
        let told = String::from_utf8(run(&create).stdout).unwrap();
        assert!(told.contains("unchanged            3") && told.contains("skipped              1"), "{told}");
    }

    async fn a_key_that_is_asked_for_is_the_key(test: Test) {
        test.file("prices.csv", "store,product,price\n1,A,1\n1,B,2\n2,A,3\n");
        let args = ["sync", "prices.csv", "--target", "prices", "--create", "--key", "store", "--key", "product"];
        assert_eq!(test.command(&args).output().unwrap().status.code(), Some(0));
        assert!(test.try_execute("INSERT INTO prices (store, product, price) VALUES (1, 'A', 9)").await.is_err());
        let wrong = ["sync", "prices.csv", "--target", "other", "--create", "--key", "shop"];
        let output = test.command(&wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("names `shop`"));
    }
}
