//! `sync_volumes`: the volumes that nodes have seen. Each node tells of those that it sees itself.

use std::collections::BTreeMap;

use catchment_core::{Result, truncate_text};
use jiff::Timestamp;

use super::Store;
use super::db::dialect::Sql;
use super::db::{Arg, Row, StoreError};
use super::values::{counted, stored, timestamp};
use crate::target::Table;
use crate::volumes::{CameVolume, NodeVolume, PREFIX, SOURCE_TYPE, VolumeNews};

/// The columns that tell what a volume is, in the order of [`read_volume`].
const COLUMNS: &str = "volume_id, label, fs_type, size_bytes, usb_vendor, usb_product, usb_serial, is_removable, mount_point, plug";

/// How long a process may take to do what follows from a plug, in milliseconds.
const CLAIM_MS: i64 = 5_000;

/// The longest id that is kept, in characters; one of a device's own words may be longer, and its volume is not kept.
const MAX_ID: usize = 191;

/// The condition of sources on one volume, by the name of the source; its parameters are those of [`on_volume_args`].
pub(super) const ON_VOLUME: &str =
    "source_type = 'usb' AND (source_name = ? OR SUBSTR(source_name, 1, ?) = ?)";

/// The parameters of [`ON_VOLUME`].
pub(super) struct OnVolume {
    whole: String,
    folders: String,
}

impl OnVolume {
    pub(super) fn new(id: &str) -> Self {
        Self { whole: format!("{PREFIX}{id}"), folders: format!("{PREFIX}{id}/") }
    }

    pub(super) fn args(&self) -> [Arg<'_>; 3] {
        let length = i64::try_from(self.folders.chars().count()).unwrap_or(i64::MAX);
        [Arg::from(&self.whole), length.into(), Arg::from(&self.folders)]
    }
}

/// A volume as a node sees it, or saw it last.
#[derive(Debug, Clone)]
pub(crate) struct StoredVolume {
    pub(crate) volume: NodeVolume,
    pub(crate) node: String,
    pub(crate) is_present: bool,
    pub(crate) first_seen_at: Option<Timestamp>,
    pub(crate) last_seen_at: Option<Timestamp>,
    /// Whether what follows from its coming was done.
    is_answered: bool,
    /// The plug that was answered last.
    answered_plug: Option<String>,
}

/// A source on a volume that a run has completed.
#[derive(Debug, Clone)]
pub(crate) struct VolumeSource {
    pub(crate) name: String,
    pub(crate) target_table: String,
    pub(crate) last_completed_at: Option<Timestamp>,
}

impl Store {
    /// All volumes that nodes have seen.
    pub(crate) async fn volumes(&self) -> Result<Vec<StoredVolume>> {
        Ok(self.volumes_where("1 = ?", &[1.into()]).await?)
    }

    /// Takes note of what a node sees now. A volume counts as plugged in until its plug is answered.
    pub(crate) async fn note_volumes(
        &self,
        node: &str,
        present: &[NodeVolume],
        is_start: bool,
    ) -> Result<VolumeNews> {
        let present: BTreeMap<_, _> = present
            .iter()
            .filter(|volume| volume.id.chars().count() <= MAX_ID)
            .map(|volume| (volume.id.clone(), fitting(volume)))
            .collect();
        let known = self.volumes_where("node = ?", &[node.into()]).await?;
        let known: BTreeMap<_, _> = known.into_iter().map(|known| (known.volume.id.clone(), known)).collect();
        let mut news = VolumeNews::default();
        for volume in present.values() {
            let before = known.get(&volume.id);
            match before {
                None => self.add_volume(node, volume).await?,
                Some(before) if !before.is_present || before.volume != *volume => {
                    self.update_volume(node, volume).await?;
                }
                Some(_) => {}
            }
            let has_come =
                before.is_none_or(|before| !before.is_present || before.volume.plug != volume.plug);
            let is_new_plug =
                volume.plug.is_none() || before.is_none_or(|before| before.answered_plug != volume.plug);
            let is_open = |before: &StoredVolume| {
                !before.is_answered || is_start && is_new_plug && volume.plug.is_some()
            };
            if has_come || before.is_some_and(is_open) {
                let before = before.map(|before| before.volume.clone());
                news.came.push(CameVolume { volume: volume.clone(), before, is_new_plug });
            }
        }
        let leave = "UPDATE sync_volumes SET is_present = 0, last_seen_at = {now} WHERE node = ? AND volume_id = ? AND is_present = 1";
        for (id, before) in
            known.into_iter().filter(|(id, known)| known.is_present && !present.contains_key(id))
        {
            self.db.execute(leave, &[node.into(), Arg::from(&id)]).await?;
            news.left.push(before.volume);
        }
        Ok(news)
    }

    /// Claims to do what follows from a volume that came, for a moment; false where another process of this node does it.
    pub(crate) async fn claim_plug(&self, node: &str, volume: &NodeVolume) -> Result<bool> {
        let sql = "UPDATE sync_volumes SET answering_until = {now + ? ms} WHERE node = ? AND volume_id = ? AND (answering_until IS NULL OR \
             answering_until < {now}) AND (is_answered = 0 OR COALESCE(answered_plug, '') <> COALESCE(?, ''))";
        let args = [CLAIM_MS.into(), node.into(), Arg::from(&volume.id), volume.plug.as_deref().into()];
        Ok(self.db.execute(sql, &args).await? == 1)
    }

    /// Notes that what follows from a volume that came was done; and whether its plug needs no run any more.
    pub(crate) async fn set_plug_answered(
        &self,
        node: &str,
        volume: &NodeVolume,
        is_final: bool,
    ) -> Result<()> {
        let sql = "UPDATE sync_volumes SET is_answered = 1, answering_until = NULL, answered_plug = CASE WHEN ? = 1 THEN ? ELSE answered_plug \
             END WHERE node = ? AND volume_id = ?";
        let args =
            [i64::from(is_final).into(), volume.plug.as_deref().into(), node.into(), Arg::from(&volume.id)];
        self.db.execute(sql, &args).await?;
        Ok(())
    }

    /// Forgets that a volume was ever read, and that it was seen, unless it is on this node now.
    pub(crate) async fn delete_volume(&self, node: &str, id: &str) -> Result<()> {
        let sources = format!("UPDATE sync_sources SET last_completed_at = NULL WHERE {ON_VOLUME}");
        let mut tx = self.db.begin().await?;
        let seen = "DELETE FROM sync_volumes WHERE volume_id = ? AND NOT (node = ? AND is_present = 1)";
        tx.execute(seen, &[id.into(), node.into()]).await?;
        tx.execute(sources, &OnVolume::new(id).args()).await?;
        Ok(tx.commit().await?)
    }

    /// The sources on volumes that have been read to their ends.
    pub(crate) async fn volume_sources(&self) -> Result<Vec<VolumeSource>> {
        let sql = "SELECT source_name, target_table, {ms last_completed_at} FROM sync_sources WHERE source_type = ? AND \
             last_completed_at IS NOT NULL ORDER BY \
             source_name, target_table";
        let read = |row: &Row| -> Result<VolumeSource, StoreError> {
            Ok(VolumeSource {
                name: row.text(0)?.to_owned(),
                target_table: row.text(1)?.to_owned(),
                last_completed_at: timestamp(row.optional_int(2)?),
            })
        };
        let rows = self.db.fetch(sql, &[SOURCE_TYPE.into()]).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// How many rows of each source on a volume a table has that are not marked as gone; none where it does not tell whose rows are.
    pub(crate) async fn volume_rows(&self, table: &Table) -> Result<Option<Vec<(String, u64)>>> {
        let Some([source_type, source_name]) = &table.origin else { return Ok(None) };
        let dialect = self.db.dialect();
        let (source_type, source_name) = (dialect.quote(source_type), dialect.quote(source_name));
        let mut args = Vec::new();
        let available = match &table.gone {
            Some(mark) => {
                args.push(Arg::from(&mark.value));
                format!("COUNT(CASE WHEN {} = ? THEN NULL ELSE 1 END)", dialect.quote(&mark.column))
            }
            None => "COUNT(*)".to_owned(),
        };
        args.push(SOURCE_TYPE.into());
        let sql = format!(
            "SELECT {source_name}, {available} FROM {} WHERE {source_type} = ? GROUP BY {source_name}",
            dialect.quote(&table.name)
        );
        let rows = self.db.fetch(Sql::Built(sql), &args).await?;
        let read =
            |row: &Row| -> Result<_, StoreError> { Ok((row.text(0)?.to_owned(), counted(row.int(1)?))) };
        Ok(Some(rows.iter().map(read).collect::<Result<_, _>>()?))
    }

    async fn volumes_where(
        &self,
        condition: &str,
        args: &[Arg<'_>],
    ) -> Result<Vec<StoredVolume>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, node, is_present, is_answered, answered_plug, {{ms first_seen_at}}, {{ms last_seen_at}} FROM sync_volumes WHERE \
             {condition} ORDER BY volume_id, node"
        );
        self.db.fetch(sql, args).await?.iter().map(read_stored).collect()
    }

    async fn add_volume(&self, node: &str, volume: &NodeVolume) -> Result<()> {
        let sql = format!(
            "INSERT INTO sync_volumes ({COLUMNS}, node, is_present) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
        );
        match self.db.execute(sql, &[&volume_args(volume)[..], &[node.into()]].concat()).await {
            // Another process of this node was first.
            Err(failure) if !failure.is_duplicate() => Err(failure.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn update_volume(&self, node: &str, volume: &NodeVolume) -> Result<()> {
        let sql = "UPDATE sync_volumes SET label = ?, fs_type = ?, size_bytes = ?, usb_vendor = ?, usb_product = ?, usb_serial = ?, \
             is_removable = ?, mount_point = ?, is_answered = CASE WHEN is_present = 1 AND COALESCE(plug, '') = COALESCE(?, '') THEN is_answered ELSE 0 END, \
             plug = ?, is_present = 1, last_seen_at = {now} WHERE volume_id = ? AND node = ?";
        let [id, rest @ .., plug] = volume_args(volume);
        self.db.execute(sql, &[&rest[..], &[plug, plug, id, node.into()]].concat()).await?;
        Ok(())
    }
}

/// A volume with texts that fit: they come from the device, which may say anything.
fn fitting(volume: &NodeVolume) -> NodeVolume {
    let cut = |text: &Option<String>, bytes| text.as_deref().map(|text| truncate_text(text, bytes));
    NodeVolume {
        id: volume.id.clone(),
        label: cut(&volume.label, 255),
        fs_type: truncate_text(&volume.fs_type, 32),
        bytes: volume.bytes,
        usb_vendor: cut(&volume.usb_vendor, 16),
        usb_product: cut(&volume.usb_product, 16),
        usb_serial: cut(&volume.usb_serial, 255),
        is_removable: volume.is_removable,
        mount_point: truncate_text(&volume.mount_point, 1024),
        plug: cut(&volume.plug, 128),
    }
}

/// The values of [`COLUMNS`].
fn volume_args(volume: &NodeVolume) -> [Arg<'_>; 10] {
    [
        Arg::from(&volume.id),
        volume.label.as_deref().into(),
        Arg::from(&volume.fs_type),
        volume.bytes.map(stored).into(),
        volume.usb_vendor.as_deref().into(),
        volume.usb_product.as_deref().into(),
        volume.usb_serial.as_deref().into(),
        i64::from(volume.is_removable).into(),
        Arg::from(&volume.mount_point),
        volume.plug.as_deref().into(),
    ]
}

fn read_stored(row: &Row) -> Result<StoredVolume, StoreError> {
    Ok(StoredVolume {
        volume: NodeVolume {
            id: row.text(0)?.to_owned(),
            label: row.optional_string(1)?,
            fs_type: row.text(2)?.to_owned(),
            bytes: row.optional_int(3)?.map(counted),
            usb_vendor: row.optional_string(4)?,
            usb_product: row.optional_string(5)?,
            usb_serial: row.optional_string(6)?,
            is_removable: row.int(7)? == 1,
            mount_point: row.text(8)?.to_owned(),
            plug: row.optional_string(9)?,
        },
        node: row.text(10)?.to_owned(),
        is_present: row.int(11)? == 1,
        is_answered: row.int(12)? == 1,
        answered_plug: row.optional_string(13)?,
        first_seen_at: timestamp(row.optional_int(14)?),
        last_seen_at: timestamp(row.optional_int(15)?),
    })
}
