//! What columns take: what is accepted the database stores unchanged, and what it would refuse or change is refused first.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::{ME, Test, counts};

/// A type, values that it takes with what the table shows then, and values that it does not take with the code of the reject.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);

const MYSQL: &[Case] = &[
    (
        "TINYINT",
        &[("-128", "-128"), ("127", "127")],
        &[("128", "out_of_range"), ("1.5", "out_of_range"), ("x", "not_a_number")],
    ),
    ("TINYINT UNSIGNED", &[("0", "0"), ("255", "255")], &[("-1", "out_of_range"), ("256", "out_of_range")]),
    ("TINYINT(1)", &[("yes", "1"), ("NO", "0"), ("-128", "-128")], &[("maybe", "not_a_number")]),
    ("SMALLINT", &[("-32768", "-32768"), ("32767", "32767")], &[("32768", "out_of_range")]),
    ("MEDIUMINT UNSIGNED", &[("16777215", "16777215")], &[("16777216", "out_of_range")]),
    (
        "INT",
        &[("-2147483648", "-2147483648"), ("2147483647", "2147483647")],
        &[("2147483648", "out_of_range")],
    ),
    ("INT(5) UNSIGNED ZEROFILL", &[("7", "00007"), ("4294967295", "4294967295")], &[("-1", "out_of_range")]),
    (
        "BIGINT",
        &[("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")],
        &[("9223372036854775808", "out_of_range")],
    ),
    (
        "BIGINT UNSIGNED",
        &[("18446744073709551615", "18446744073709551615"), ("0", "0")],
        &[("18446744073709551616", "out_of_range")],
    ),
    ("BIT(4)", &[("15", "15")], &[("16", "out_of_range")]),
    (
        "DECIMAL(5,2)",
        &[("-999.99", "-999.99"), ("0.10", "0.10")],
        &[("1000", "out_of_range"), ("0.001", "out_of_range")],
    ),
    (
        "DECIMAL(65,30)",
        &[(
            "99999999999999999999999999999999999.999999999999999999999999999999",
            "99999999999999999999999999999999999.999999999999999999999999999999",
        )],
        &[],
    ),
    ("DECIMAL(5,2) UNSIGNED", &[("999.99", "999.99")], &[("-1", "out_of_range")]),
    (
        "FLOAT",
        &[("0.1", "0.1"), ("-340000000000000000000000000000000000000", "-3.4e38")],
        &[("16777217", "not_exact"), ("1e39", "out_of_range")],
    ),
    (
        "DOUBLE",
        &[("0.1", "0.1"), ("1.7976931348623157e308", "1.7976931348623157e308"), ("-5e-324", "-5e-324")],
        &[("1e400", "out_of_range"), ("0.12345678901234567890", "not_exact")],
    ),
    ("CHAR(3) CHARACTER SET utf8mb4", &[("ñññ", "ñññ")], &[("abcd", "too_long")]),
    ("VARCHAR(3) CHARACTER SET utf8mb4", &[("😀😀😀", "😀😀😀")], &[("abcd", "too_long")]),
    ("VARCHAR(9) CHARACTER SET latin1", &[("ñ€", "ñ€")], &[("Č", "bad_character"), ("😀", "bad_character")]),
    ("VARCHAR(9) CHARACTER SET utf8mb3", &[("Č", "Č")], &[("😀", "bad_character")]),
    ("VARCHAR(9) CHARACTER SET ascii", &[("abc", "abc")], &[("ñ", "bad_character")]),
    ("VARCHAR(9) CHARACTER SET utf16", &[("a😀", "a😀")], &[]),
    ("TINYTEXT CHARACTER SET utf8mb4", &[("ñ", "ñ")], &[]),
    ("TEXT CHARACTER SET utf8mb4", &[("a", "a")], &[]),
    (
        "ENUM('small','it''s','ÑU')",
        &[("SMALL", "small"), ("it's", "it's"), ("ñu", "ÑU")],
        &[("big", "not_a_choice")],
    ),
    ("SET('a','b','c')", &[("c, A", "a,c"), ("b", "b")], &[("a,d", "not_a_choice")]),
    (
        "DATE",
        &[("1000-01-01", "1000-01-01"), ("9999-12-31", "9999-12-31")],
        &[
            ("2026-02-29", "not_a_date"),
            ("0999-12-31", "out_of_range"),
            ("2026-01-01 10:00", "has_a_time"),
            ("03/04/2026", "ambiguous_date"),
        ],
    ),
    (
        "TIME",
        &[("-838:59:59", "-838:59:59"), ("838:59:59", "838:59:59")],
        &[("839:00:00", "out_of_range"), ("1:00:00.5", "too_exact")],
    ),
    ("TIME(3)", &[("1:02:03.25", "01:02:03.250")], &[("25h", "not_a_time")]),
    (
        "DATETIME",
        &[
            ("1000-01-01 00:00:00", "1000-01-01 00:00:00"),
            ("9999-12-31T23:59:59", "9999-12-31 23:59:59"),
            ("2026-01-02T10:00+02:00", "2026-01-02 08:00:00"),
        ],
        &[("2026-01-01 24:00:01", "not_a_date"), ("2026-01-01 10:00:00.5", "too_exact")],
    ),
    (
        "DATETIME(6)",
        &[("2026-01-02 10:00:00.123456", "2026-01-02 10:00:00.123456")],
        &[("2026-01-02 10:00:00.1234567", "too_exact")],
    ),
    (
        "TIMESTAMP NULL",
        &[("1970-01-01 00:00:01", "1970-01-01 00:00:01"), ("2038-01-19T03:14:07Z", "2038-01-19 03:14:07")],
        &[("1970-01-01 00:00:00", "out_of_range"), ("2038-01-19 03:14:08", "out_of_range")],
    ),
    (
        "YEAR",
        &[("1901", "1901"), ("2155", "2155"), ("0", "0000")],
        &[("1900", "out_of_range"), ("26", "out_of_range")],
    ),
    ("JSON", &[("{\"a\": 1.50}", "{\"a\": 1.50}"), ("[1]", "[1]")], &[("{a", "not_json")]),
    (
        "UUID",
        &[("123E4567E89B12D3A456426614174000", "123e4567-e89b-12d3-a456-426614174000")],
        &[("123", "not_a_uuid")],
    ),
    ("BINARY(2)", &[("0xFF00", "FF00")], &[("0xFF", "too_long"), ("0xFF0000", "too_long")]),
    (
        "VARBINARY(3)",
        &[("/wA=", "FF00"), ("0x", "")],
        &[("0xFF00FF00", "too_long"), ("deadbeef", "ambiguous_bytes")],
    ),
    ("BLOB", &[("AAECAw==", "00010203")], &[("@@", "not_bytes")]),
];

const SQLITE: &[Case] = &[
    (
        "INTEGER",
        &[("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")],
        &[("9223372036854775808", "out_of_range"), ("1.5", "out_of_range")],
    ),
    ("TINYINT", &[("127", "127")], &[("128", "out_of_range")]),
    ("VARCHAR(3)", &[("😀😀😀", "😀😀😀")], &[("abcd", "too_long")]),
    ("TEXT", &[("007", "007")], &[]),
    ("", &[("007", "007")], &[]),
    (
        "DECIMAL(15,2)",
        &[("9999999999999.99", "9999999999999.99"), ("-0.10", "-0.1")],
        &[("0.001", "out_of_range")],
    ),
    (
        "NUMERIC",
        &[("0.00001", "1.0e-05"), ("123456789012345", "123456789012345")],
        &[("1234567890123456", "out_of_range")],
    ),
    ("REAL", &[("0.1", "0.1")], &[("0.12345678901234567890", "not_exact")]),
    ("BOOLEAN", &[("sí", "1"), ("0", "0")], &[("2", "not_a_flag")]),
    ("DATE", &[("2026-01-02", "2026-01-02")], &[("03/04/2026", "ambiguous_date")]),
    (
        "DATETIME",
        &[("2026-01-02T10:00:00.50", "2026-01-02 10:00:00.5"), ("2026-01-02", "2026-01-02 00:00:00")],
        &[("10:00", "not_a_date")],
    ),
    ("TIME", &[("1:02", "01:02:00")], &[("x", "not_a_time")]),
    ("JSON", &[("{\"a\":1}", "{\"a\":1}")], &[("{a", "not_json")]),
    (
        "UUID",
        &[("123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-426614174000")],
        &[("123", "not_a_uuid")],
    ),
    ("BLOB", &[("0x0001FF", "0001FF")], &[("@@", "not_bytes")]),
];

/// How a column is shown as text, exactly.
fn shown(sql_type: &str, is_sqlite: bool) -> &'static str {
    let is = |word: &str| sql_type.contains(word);
    match () {
        () if is("BIN") || is("BLOB") => "HEX(v)",
        () if is("BIT") => "CAST(v AS UNSIGNED)",
        () if is_sqlite => "CAST(v AS TEXT)",
        () => "CAST(v AS CHAR)",
    }
}

fn field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

async fn every_type(test: Test, cases: &[Case]) {
    let app = test.app().await;
    for (number, (sql_type, accepted, refused)) in cases.iter().enumerate() {
        let table = format!("t{number}");
        test.execute(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, v {sql_type})")).await;
        let mut text = String::from("id,v\n");
        for (id, (value, _)) in accepted.iter().chain(*refused).enumerate() {
            writeln!(text, "{id},{}", field(value)).unwrap();
        }
        let (good, bad) = (accepted.len() as u64, refused.len() as u64);
        let result = test.sync(&text, json!({"targetTable": table})).await;
        assert_eq!(counts(&result), [good, 0, 0, 0, bad], "{sql_type}");
        let stored = test
            .query(&format!("SELECT {} FROM {table} ORDER BY id", shown(sql_type, test.is_sqlite())))
            .await;
        let expected: Vec<_> = accepted.iter().map(|(_, stored)| *stored).collect();
        let is_float = *sql_type == "FLOAT" || *sql_type == "DOUBLE";
        let is_same = |(one, other): (&String, &&str)| {
            one == other || is_float && one.parse::<f32>().unwrap() == other.parse::<f32>().unwrap()
        };
        assert!(
            stored.len() == expected.len() && stored.iter().zip(&expected).all(is_same),
            "{sql_type}: {stored:?}"
        );
        let errors = app.service().errors(&ME, result.sync_run_id, 0, 100).await.unwrap();
        for (error, (value, code)) in errors.iter().zip(*refused) {
            assert_eq!(
                (error.code.as_str(), error.column.as_deref()),
                (*code, Some("v")),
                "{sql_type} {value}: {}",
                error.message
            );
            assert!(
                error.message.contains("v: ") && error.message.contains(*value),
                "{sql_type}: {}",
                error.message
            );
        }
        let again = test.sync(&text, json!({"targetTable": table})).await;
        assert_eq!(counts(&again), [0, 0, good, 0, bad], "{sql_type} again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_mariadb_with_its_extremes() {
    every_type(Test::mariadb().await, MYSQL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_sqlite_with_its_extremes() {
    every_type(Test::sqlite().await, SQLITE).await;
}

/// Values of all kinds, of which each column takes some.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        "[-+]?[0-9]{1,22}",
        "-?[0-9]{0,12}[.][0-9]{0,8}",
        "-?[0-9]{1,3}([.][0-9]{1,4})?[eE]-?[0-9]{1,3}",
        "[0-9]{4}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9]([.][0-9]{1,7})?)?(Z|[+]0[0-9]:00)?)?",
        "-?[0-9]{1,3}:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,7})?)?",
        "[a-zA-Zñ€Č😀' ]{0,12}",
        "0x([0-9A-F]{2}){0,6}",
        "(yes|no|true|false|SÍ|a|b|a,b|small|\\{\"k\":[0-9]\\})",
    ]
}

/// Whatever is accepted, the database holds it unchanged: the next run finds nothing to do, and nothing is refused by the
/// database that was not refused before it.
async fn anything_that_is_accepted_is_stored_unchanged(test: Test, cases: &[Case]) {
    let app = test.app().await;
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let strategy = proptest::collection::vec(values(), 300);
    for (number, (sql_type, ..)) in cases.iter().enumerate() {
        let table = format!("p{number}");
        test.execute(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, v {sql_type})")).await;
        let values = strategy.new_tree(&mut runner).unwrap().current();
        let mut text = String::from("id,v\n");
        values.iter().enumerate().for_each(|(id, value)| writeln!(text, "{id},{}", field(value)).unwrap());
        let first = test.sync(&text, json!({"targetTable": table})).await;
        let [inserted, 0, 0, 0, failed] = counts(&first) else { panic!("{sql_type}: {:?}", first.counts) };
        assert_eq!(inserted + failed, 300, "{sql_type}");
        let errors = app.service().errors(&ME, first.sync_run_id, 0, 300).await.unwrap();
        let refused = errors.iter().find(|error| error.code == "refused_by_database");
        assert!(refused.is_none(), "{sql_type}: {refused:?}");
        let again = test.sync(&text, json!({"targetTable": table})).await;
        if counts(&again) != [0, 0, inserted, 0, failed] {
            panic!("{sql_type}: {:?} is not what was stored", again.counts);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_that_mariadb_is_given_is_stored_unchanged() {
    anything_that_is_accepted_is_stored_unchanged(Test::mariadb().await, MYSQL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_that_sqlite_is_given_is_stored_unchanged() {
    anything_that_is_accepted_is_stored_unchanged(Test::sqlite().await, SQLITE).await;
}
