//! From a file into a table: what is there afterwards, and what is told of it.

use serde_json::json;

use crate::support::{ME, Test, counts, on_both, request};

const CONTENT: &str = "SELECT content_type, title, artist, genre, external_id, is_available, metadata \
                       FROM content_index ORDER BY title";

on_both! {
    async fn the_first_example_of_the_contract(test: Test) {
        let text = "song_name,artist_name,music_genre,album\nDespacito,Luis Fonsi,Reggaeton,Vida\n\
                    Shape of You,Ed Sheeran,Pop,Divide\nBohemian Rhapsody,Queen,Rock,A Night at the Opera\n";
        let options = json!({
            "targetTable": "content_index", "contentType": "music", "hasHeader": true, "delimiter": ",",
            "columnMapping": {"title": "song_name", "artist": "artist_name", "genre": "music_genre"}
        });
        let result = test.sync(text, options).await;
        assert!(result.success);
        assert_eq!(counts(&result), [3, 0, 0, 0, 0]);
        let rows = test.query(CONTENT).await;
        assert_eq!(rows.len(), 3);
        assert!(rows[0].starts_with("music|Bohemian Rhapsody|Queen|Rock|v2:"), "{}", rows[0]);
        assert!(rows[0].ends_with(r#"|1|{"album":"A Night at the Opera"}"#), "{}", rows[0]);
    }
}

on_both! {
    async fn the_third_example_of_the_contract(test: Test) {
        let text = "category_id,capacity,capacity_gb,price,content_count,content_unit,is_active,is_popular\n\
                    music,8GB,8,54900,1400,canciones,true,false\nmusic,32GB,32,84900,5000,canciones,true,true\n";
        for expected in [[2, 0, 0, 0, 0], [0, 0, 2, 0, 0]] {
            let result = test.sync(text, json!({"targetTable": "catalog_items", "hasHeader": true})).await;
            assert_eq!(counts(&result), expected);
        }
        let rows = test
            .query(
                "SELECT category_id, capacity, capacity_gb, price, content_count, content_unit, is_active, is_popular \
                 FROM catalog_items ORDER BY price",
            )
            .await;
        let price = if test.is_sqlite() { "54900" } else { "54900.0000" };
        assert_eq!(rows[0], format!("music|8GB|8|{price}|1400|canciones|1|0"));
    }
}

on_both! {
    async fn new_changed_and_unchanged_rows_are_told_apart(test: Test) {
        let options = json!({"contentType": "music"});
        let marks = "SELECT external_id, updated_at, last_sync_run_id, last_synced_at FROM content_index ORDER BY 1";
        test.sync("id,title,album\n1,one,x\n2,two,x\n3,three,x\n", options.clone()).await;
        let before = test.query(marks).await;
        // A column of the key comes first, so that the clock has moved on for sure.
        test.execute("UPDATE content_index SET last_synced_at = NULL, updated_at = '2001-01-01 00:00:00.000'").await;
        let result = test.sync("id,title,album\n3,three,x\n2,two,y\n1,ONE,x\n4,four,x\n", options.clone()).await;
        assert_eq!(counts(&result), [1, 2, 1, 0, 0]);
        let after = test.query(marks).await;
        let is_old = |row: &String| row.contains("|2001-01-01 00:00:00");
        assert_eq!(after.iter().map(is_old).collect::<Vec<_>>(), [false, false, true, false]);
        assert!(after.iter().all(|row| row.contains("|2|20")), "seen by run 2, and when: {after:?}");
        assert!(before.iter().all(|row| row.contains("|1|20")), "{before:?}");
        assert_eq!(
            test.query("SELECT external_id, title, metadata FROM content_index ORDER BY 1").await,
            [r#"1|ONE|{"album":"x"}"#, r#"2|two|{"album":"y"}"#, r#"3|three|{"album":"x"}"#, r#"4|four|{"album":"x"}"#]
        );
    }
}

on_both! {
    async fn an_edit_by_hand_is_seen(test: Test) {
        let text = "id,title\n1,one\n2,two\n";
        test.sync(text, json!({"contentType": "music"})).await;
        test.execute("UPDATE content_index SET title = 'TWO' WHERE external_id = '2'").await;
        let result = test.sync(text, json!({"contentType": "music"})).await;
        assert_eq!(counts(&result), [0, 1, 1, 0, 0]);
        assert_eq!(test.value("SELECT title FROM content_index WHERE external_id = '2'").await, "two");
    }
}

on_both! {
    async fn identities_are_compared_byte_for_byte(test: Test) {
        let text = "id,title\nabC,one\nabc,two\nábc,three\n abc ,four\n";
        let result = test.sync(text, json!({"contentType": "music"})).await;
        assert_eq!(counts(&result), [3, 0, 0, 1, 0]);
        let result = test.sync(text, json!({"contentType": "music"})).await;
        assert_eq!(counts(&result), [0, 0, 3, 1, 0]);
    }
}

on_both! {
    async fn the_first_record_of_an_identity_wins(test: Test) {
        // The second one comes in the same page, the third one in a later page.
        let mut text = String::from("id,title\n1,first\n1,second\n");
        (0..6000).for_each(|number| text.push_str(&format!("x{number},filler\n")));
        text.push_str("1,third\n");
        let result = test.sync(&text, json!({"contentType": "music"})).await;
        assert_eq!(counts(&result), [6001, 0, 0, 2, 0]);
        assert_eq!(test.value("SELECT title FROM content_index WHERE external_id = '1'").await, "first");
        assert_eq!(
            test.query("SELECT reason, item_identifier, line_no FROM sync_skips ORDER BY id").await,
            ["duplicate|1|3", "duplicate|1|6004"]
        );
    }
}

on_both! {
    async fn a_derived_identity_does_not_depend_on_spelling(test: Test) {
        let options = json!({"contentType": "music"});
        test.sync("title,artist\nSeñorita,Zoë\nSTRAßE,\n", options.clone()).await;
        let result = test.sync("title,artist\nSEN\u{303}ORITA,ZOE\u{308}\nStraße,\n", options).await;
        assert_eq!(counts(&result), [0, 2, 0, 0, 0]);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "2");
    }
}

on_both! {
    async fn each_reject_has_its_reason_its_place_and_its_text(test: Test) {
        let text = "category_id,capacity,price,is_active\nmusic,8GB,54900,true\nmusic,16GB,cheap,true\n\
                    music,,1,true\nragged\nmusic,64GB,1,maybe\n";
        let result = test.sync(text, json!({"targetTable": "catalog_items"})).await;
        assert!(result.success);
        assert_eq!(counts(&result), [1, 0, 0, 0, 4]);
        let sql = "SELECT error_type, error_code, item_identifier, is_retryable, line_no, byte_offset, column_name, \
                   raw_record FROM sync_errors ORDER BY id";
        assert_eq!(
            test.query(sql).await,
            [
                "validation|not_a_number|music / 16GB|0|3|58|price|music,16GB,cheap,true",
                "validation|empty|music|0|4|80|capacity|music,,1,true",
                "parsing|ragged_row|NULL|0|5|94|NULL|ragged",
                "validation|not_a_flag|music / 64GB|0|6|101|is_active|music,64GB,1,maybe",
            ]
        );
        let message = test.value("SELECT error_message FROM sync_errors ORDER BY id LIMIT 1").await;
        assert_eq!(message, "line 3: price: `cheap` does not fit; accepted: a number from 0 with up to 11 digits and \
                             up to 4 decimals, decimal sign `.` (option `decimal`)");
    }
}

on_both! {
    async fn what_the_database_refuses_is_rejected_and_nothing_else(test: Test) {
        test.app().await;
        test.execute(if test.is_sqlite() {
            "CREATE TRIGGER no_covers BEFORE INSERT ON content_index WHEN new.title LIKE '%cover%' \
             BEGIN SELECT RAISE(ABORT, 'covers are not for sale'); END"
        } else {
            "CREATE TRIGGER no_covers BEFORE INSERT ON content_index FOR EACH ROW IF new.title LIKE '%cover%' THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'covers are not for sale'; END IF"
        }).await;
        let mut text = String::from("id,title\n");
        for number in 0..3000 {
            let title = if [5, 1024, 1025, 2999].contains(&number) { "a cover" } else { "a song" };
            text.push_str(&format!("{number},{title}\n"));
        }
        let result = test.sync(&text, json!({"contentType": "music"})).await;
        assert!(result.success);
        assert_eq!(counts(&result), [2996, 0, 0, 0, 4]);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "2996");
        assert_eq!(
            test.query("SELECT error_code, item_identifier, line_no, raw_record FROM sync_errors ORDER BY id").await,
            [
                "refused_by_database|5|7|5,a cover",
                "refused_by_database|1024|1026|1024,a cover",
                "refused_by_database|1025|1027|1025,a cover",
                "refused_by_database|2999|3001|2999,a cover",
            ]
        );
        let message = test.value("SELECT error_message FROM sync_errors ORDER BY id LIMIT 1").await;
        assert!(message.contains("covers are not for sale"), "{message}");
    }
}

on_both! {
    async fn spreadsheets_with_semicolons_and_decimal_commas(test: Test) {
        let text = "Categoría;Capacidad;Precio;Activo\nmúsica;8 GB;1.054,90;sí\nmúsica;16 GB;12,5;NO\n";
        let path = test.file("precios.csv", encoding_rs::WINDOWS_1252.encode(text).0);
        let service = test.app().await.service().clone();
        let result = service.sync(&ME, request(&path, json!({"targetTable": "catalog_items", "decimal": ","}))).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
        let rows = test.query("SELECT category_id, capacity, price, is_active FROM catalog_items ORDER BY id").await;
        assert_eq!(rows.iter().map(|row| row.replace("00|", "|")).collect::<Vec<_>>(), if test.is_sqlite() {
            ["música|8 GB|1054.9|1", "música|16 GB|12.5|0"]
        } else {
            ["música|8 GB|1054.90|1", "música|16 GB|12.50|0"]
        });
        let result = service.sync(&ME, request(&path, json!({"targetTable": "catalog_items", "decimal": ","}))).await.unwrap();
        assert_eq!(counts(&result), [0, 0, 2, 0, 0]);
    }
}

on_both! {
    async fn columns_that_are_not_mapped_keep_what_stands_there(test: Test) {
        test.sync("category_id,capacity,price\nmusic,8GB,1\n", json!({"targetTable": "catalog_items"})).await;
        test.execute("UPDATE catalog_items SET is_popular = 1, content_unit = 'songs'").await;
        let result = test.sync("category_id,capacity,price\nmusic,8GB,2\n", json!({"targetTable": "catalog_items"})).await;
        assert_eq!(counts(&result), [0, 1, 0, 0, 0]);
        assert_eq!(test.value("SELECT content_unit, is_popular FROM catalog_items").await, "songs|1");
    }
}

on_both! {
    async fn too_many_rejects_fail_the_run(test: Test) {
        let text = "id,title\n1,a\n2,\n3,\n";
        for (limit, success) in [(json!(2), true), (json!(1), false), (json!("70%"), true), (json!("60%"), false)] {
            let result = test.sync(text, json!({"contentType": "music", "maxErrors": limit})).await;
            assert_eq!(result.success, success, "{limit}");
            if !success {
                assert_eq!(result.error.unwrap().code.as_deref(), Some("too_many_errors"));
            }
        }
    }
}

on_both! {
    async fn rejects_past_the_limit_are_counted(test: Test) {
        let text = "id,title\n1,one\n".to_owned() + &"2,\n".repeat(20);
        let result = test.sync(&text, json!({"contentType": "music", "maxStoredErrors": 5})).await;
        assert_eq!(counts(&result), [1, 0, 0, 0, 20]);
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_errors").await, "5");
        let metadata: serde_json::Value =
            serde_json::from_str(&test.value("SELECT sync_metadata FROM sync_runs").await).unwrap();
        assert_eq!((&metadata["failed"], &metadata["errorsStored"]), (&json!(20), &json!(5)));
    }
}

on_both! {
    async fn a_source_that_is_suddenly_empty_fails(test: Test) {
        let options = json!({"contentType": "music"});
        assert!(test.sync("id,title\n", options.clone()).await.success);
        assert!(test.sync("id,title\n1,a\n", options.clone()).await.success);
        let result = test.sync("id,title\n", options).await;
        assert_eq!(result.error.unwrap().code.as_deref(), Some("source_empty"));
        assert!(test.sync("", json!({"contentType": "music", "allowEmpty": true})).await.success);
        let catalog = json!({"targetTable": "catalog_items"});
        assert!(test.sync("category_id,capacity,price\nm,8,1\n", catalog.clone()).await.success);
        assert!(!test.sync("category_id,capacity,price\n", catalog).await.success);
    }
}

on_both! {
    async fn dated_files_of_one_source_feed_the_same_rows(test: Test) {
        let service = test.app().await.service().clone();
        for (name, expected) in [("monday.csv", [1, 0, 0, 0, 0]), ("tuesday.csv", [0, 0, 1, 0, 0])] {
            let path = test.file(name, "id,title\n1,a\n");
            let options = json!({"contentType": "music", "sourceName": "daily"});
            assert_eq!(counts(&service.sync(&ME, request(&path, options)).await.unwrap()), expected);
        }
        assert_eq!(test.value("SELECT source_identifier FROM content_index").await, "daily");
    }
}

on_both! {
    async fn a_mapping_that_does_not_fit_fails_before_the_first_row(test: Test) {
        let text = "song_name,artist\na,b\n";
        let result = test.sync(text, json!({"contentType": "music", "columnMapping": {"title": "song_nam"}})).await;
        let error = result.error.unwrap();
        assert_eq!(error.code.as_deref(), Some("unknown_column"));
        assert!(error.message.contains("song_name, artist; did you mean `song_name`?"), "{}", error.message);
        let result = test.sync("a,b\n1,2\n", json!({"contentType": "music"})).await;
        assert_eq!(result.error.unwrap().code.as_deref(), Some("unmapped_column"));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "0");
    }
}
