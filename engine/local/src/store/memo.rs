//! The memo cache: outputs of nodes by cache and key.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tiphys_spec as spec;

pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS memo (
        cache TEXT NOT NULL, key TEXT NOT NULL, node TEXT NOT NULL, outputs TEXT NOT NULL,
        created INTEGER NOT NULL, hit INTEGER NOT NULL, PRIMARY KEY (cache, key)) WITHOUT ROWID;";

pub(super) fn save(
    connection: &Connection,
    cache: &str,
    key: &str,
    node: &str,
    outputs: &spec::Outputs,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let outputs = serde_json::to_string(outputs)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let now = now.as_microsecond();
    connection.execute(
        "INSERT INTO memo (cache, key, node, outputs, created, hit) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (cache, key) DO UPDATE SET
             node = excluded.node, outputs = excluded.outputs, created = excluded.created, hit = excluded.hit",
        params![cache, key, node, outputs, now],
    )?;
    Ok(())
}

/// The outputs and when they were made. An entry that cannot be read is none.
pub(super) fn find(
    connection: &Connection,
    cache: &str,
    key: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<(spec::Outputs, Timestamp)>> {
    let found: Option<(String, i64)> = connection
        .query_row(
            "SELECT outputs, created FROM memo WHERE cache = ?1 AND key = ?2",
            [cache, key],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((outputs, created)) = found else {
        return Ok(None);
    };
    connection.execute(
        "UPDATE memo SET hit = ?3 WHERE cache = ?1 AND key = ?2",
        params![cache, key, now.as_microsecond()],
    )?;
    Ok(serde_json::from_str(&outputs)
        .ok()
        .zip(Timestamp::from_microsecond(created).ok()))
}
