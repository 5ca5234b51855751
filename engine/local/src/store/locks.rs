//! Who holds which locks and who waits for them.
//!
//! Requests form one [`line`]: higher priority first, then the older workflow, then who asked first. Whoever looks at it grants what
//! can be granted, also to other processes.

use std::collections::HashMap;

use rusqlite::{Connection, TransactionBehavior, params};
use tiphys_core::{
    LockRequest,
    line::{self, Asker, Place},
};

use super::session::Session;

pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS request (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL, holder TEXT NOT NULL, session TEXT NOT NULL,
        priority INTEGER NOT NULL, created INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0,
        UNIQUE (run, holder));
    CREATE TABLE IF NOT EXISTS lock (
        request INTEGER NOT NULL REFERENCES request (id) ON DELETE CASCADE,
        place INTEGER NOT NULL, name TEXT NOT NULL, capacity INTEGER);
    CREATE INDEX IF NOT EXISTS lock_request ON lock (request);
    PRAGMA foreign_keys = on;";

/// What a look at the line found for one run.
#[derive(Default)]
pub(super) struct Settled {
    pub holding: Vec<String>,
    pub waiting: Vec<Wait>,
    /// Another process got something.
    pub granted_others: bool,
}

pub(super) struct Wait {
    pub holder: String,
    pub lock: String,
    pub message: String,
}

/// Takes a place in the line, or keeps the one that the holder has.
pub(super) fn want(
    connection: &mut Connection,
    session: &Session,
    run: &str,
    request: &LockRequest,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let created = request.created.as_microsecond();
    let id: i64 = transaction.query_row(
        "INSERT INTO request (run, holder, session, priority, created) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (run, holder) DO UPDATE SET session = excluded.session RETURNING id",
        params![
            run,
            request.holder,
            session.name(),
            request.priority,
            created
        ],
        |row| row.get(0),
    )?;
    let known: bool = transaction.query_row(
        "SELECT count(*) > 0 FROM lock WHERE request = ?1",
        [id],
        |row| row.get(0),
    )?;
    if !known {
        for (place, lock) in request.locks.iter().enumerate() {
            let capacity = lock.limit.or(lock.mutex.then_some(1));
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            transaction
                .prepare_cached(
                    "INSERT INTO lock (request, place, name, capacity) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![id, place, lock.name, capacity])?;
        }
    }
    transaction.commit()
}

/// Gives back all that a holder has or waits for; false if that is nothing.
pub(super) fn give_back(
    connection: &mut Connection,
    run: &str,
    holder: &str,
) -> rusqlite::Result<bool> {
    let gone = connection.execute(
        "DELETE FROM request WHERE run = ?1 AND holder = ?2",
        [run, holder],
    )?;
    Ok(gone > 0)
}

struct Request {
    id: i64,
    session: String,
    asker: Asker,
}

/// Drops who is gone, and grants what can be granted.
pub(super) fn settle(
    connection: &mut Connection,
    session: &Session,
    run: &str,
) -> rusqlite::Result<Settled> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut line = read(&transaction)?;
    let mut census = session.census();
    line.retain(|request| {
        let lives = census.lives(&request.session);
        let dropped = !lives
            && transaction
                .execute("DELETE FROM request WHERE id = ?1", [request.id])
                .is_ok();
        !dropped
    });
    let mut settled = Settled::default();
    let places = line::settle(line.iter().map(|request| &request.asker));
    for (request, place) in line.into_iter().zip(places) {
        let own = request.asker.run == run && request.session == session.name();
        match place {
            Place::Waits { lock, message } if own => settled.waiting.push(Wait {
                holder: request.asker.holder,
                lock,
                message,
            }),
            Place::Waits { .. } => {}
            Place::Holds => {
                if !request.asker.held {
                    transaction
                        .execute("UPDATE request SET held = 1 WHERE id = ?1", [request.id])?;
                    settled.granted_others |= !own;
                }
                if own {
                    settled.holding.push(request.asker.holder);
                }
            }
        }
    }
    transaction.commit()?;
    Ok(settled)
}

/// The whole line, who goes first first.
fn read(connection: &Connection) -> rusqlite::Result<Vec<Request>> {
    let mut requests = connection.prepare_cached(
        "SELECT id, run, holder, session, held FROM request ORDER BY priority DESC, created, id",
    )?;
    let mut line = requests
        .query_map([], |row| {
            let (id, run, holder, session, held) = (
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            );
            let locks = Vec::new();
            let asker = Asker {
                run,
                holder,
                held,
                locks,
            };
            Ok(Request { id, session, asker })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let places: HashMap<i64, usize> = line
        .iter()
        .enumerate()
        .map(|(place, request)| (request.id, place))
        .collect();
    let mut locks = connection
        .prepare_cached("SELECT request, name, capacity FROM lock ORDER BY request, place")?;
    let mut rows = locks.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(place) = places.get(&row.get(0)?) {
            line[*place].asker.locks.push((row.get(1)?, row.get(2)?));
        }
    }
    Ok(line)
}
