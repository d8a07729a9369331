//! Which volume is meant, and whether it may be read.

use std::sync::Arc;

use catchment_core::{Adapter, FileAccess, Host, Reading, VolumeAccess};
use catchment_sources::usb::{Usb, UsbDevice, UsbOptions, Volume};
use serde_json::json;

use super::scripted::Stick;
use super::{host, pages};

fn volume(id: Option<&str>, label: &str, point: &str) -> Volume {
    Volume {
        id: id.map(str::to_owned),
        label: Some(label.to_owned()),
        fs_type: "vfat".to_owned(),
        source: format!("/dev/{label}"),
        mount_point: point.into(),
        is_removable: true,
        usb: Some(UsbDevice { serial: Some("000001".to_owned()), ..UsbDevice::default() }),
        ..Volume::default()
    }
}

fn resolved(stick: &Stick, id: &str) -> Result<Vec<String>, String> {
    Usb::resolve_with(id, &host(), stick).map_err(|error| error.code().to_owned())
}

#[test]
fn labels_and_paths_are_ways_to_find_a_volume_and_not_its_name() {
    let stick = Stick::new();
    *stick.volumes.lock().unwrap() = vec![
        volume(Some("AAAA-0001"), "ONE", "/media/ONE"),
        volume(Some("BBBB-0002"), "TWIN", "/media/TWIN"),
        volume(Some("CCCC-0003"), "TWIN", "/media/TWIN1"),
        volume(None, "BARE", "/media/BARE"),
    ];
    assert_eq!(resolved(&stick, "label:ONE/Rock").unwrap(), ["volume:AAAA-0001/Rock"]);
    assert_eq!(resolved(&stick, "volume:aaaa0001").unwrap(), ["volume:AAAA-0001"]);
    assert_eq!(resolved(&stick, "volume:gone-0001").unwrap(), ["volume:gone-0001"]);
    assert_eq!(resolved(&stick, "/media/TWIN1/Music/").unwrap(), ["volume:CCCC-0003/Music"]);
    assert_eq!(resolved(&stick, "/home/me/music").unwrap(), ["/home/me/music"]);
    assert_eq!(resolved(&stick, "label:TWIN").unwrap_err(), "ambiguous_label");
    assert_eq!(resolved(&stick, "label:NONE").unwrap_err(), "no_such_label");
    assert_eq!(resolved(&stick, "/media/BARE").unwrap_err(), "no_identity");
    let all = ["volume:AAAA-0001", "volume:BBBB-0002", "volume:CCCC-0003"];
    assert_eq!(resolved(&stick, "*").unwrap(), all);
    assert!(Usb::normalize("volume:").is_err());
}

#[tokio::test]
async fn two_copies_of_one_volume_are_refused_with_both_named() {
    let stick = Stick::new();
    *stick.volumes.lock().unwrap() = vec![
        volume(Some("AAAA-0001"), "ONE", "/media/ONE"),
        volume(Some("aaaa-0001"), "COPY", "/media/COPY"),
    ];
    let (_, end) = pages(&stick.source("volume:AAAA-0001", json!({})), Reading::default()).await;
    let error = end.unwrap_err();
    assert_eq!(error.code(), "ambiguous_volume");
    assert!(error.message().contains("/media/ONE") && error.message().contains("/media/COPY"), "{error}");
}

#[tokio::test]
async fn over_the_api_only_volumes_are_read_that_the_operator_allows() {
    let stick = Stick::new();
    stick.file("a.mp3", "x");
    let read = async |allowed: &[&str]| {
        let volumes = VolumeAccess::Only(allowed.iter().map(|text| (*text).to_owned()).collect());
        let host = Host { files: FileAccess::Below(Vec::new()), volumes, ..Host::default() };
        let source =
            Usb::with_mounts("volume:1234-ABCD", &UsbOptions::default(), &host, Arc::new(stick.clone()));
        pages(&source.unwrap(), Reading::default()).await.1.map_err(|error| error.message().to_owned())
    };
    for allowed in [&["*"][..], &["label:MUSIC"], &["volume:1234abcd", "label:X"]] {
        assert_eq!(read(allowed).await, Ok(()), "{allowed:?}");
    }
    for refused in
        [&[][..], &["label:OTHER"], &["label:MUSIC/Rock"], &["volume:1234-ABCD/Rock"], &["/media/MUSIC"]]
    {
        let error = read(refused).await.unwrap_err();
        assert!(error.contains("--volume volume:1234-ABCD"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_on_the_volume_is_no_volume_that_is_away() {
    let stick = Stick::new();
    let (_, end) = pages(&stick.source("volume:1234-ABCD/none", json!({})), Reading::default()).await;
    assert_eq!(end.unwrap_err().code(), "no_such_folder");
}
