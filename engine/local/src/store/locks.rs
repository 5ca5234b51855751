//! Who holds which locks and who waits for them.
//!
//! Requests form one line: higher priority first, then the older workflow, then who asked first. A request gets all of its
//! locks or none. One that cannot have all yet keeps its place in the line of each: nobody behind it overtakes, so it never
//! starves; save who belongs to a run that holds what it waits for, because else both would wait for ever. Whoever looks at the
//! line grants what can be granted, also to other processes.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, TransactionBehavior, params};
use tiphys_core::LockRequest;

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
    run: String,
    holder: String,
    session: String,
    held: bool,
    locks: Vec<(String, Option<i64>)>,
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
    let mut hall = Hall::default();
    line.iter()
        .filter(|request| request.held)
        .for_each(|request| hall.take(request));
    let mut settled = Settled::default();
    for request in &line {
        let own = request.run == run && request.session == session.name();
        if !request.held {
            if let Some((lock, message)) = hall.obstacle(request) {
                if own {
                    settled.waiting.push(Wait {
                        holder: request.holder.clone(),
                        lock,
                        message,
                    });
                }
                hall.reserve(request);
                continue;
            }
            transaction.execute("UPDATE request SET held = 1 WHERE id = ?1", [request.id])?;
            hall.take(request);
            settled.granted_others |= !own;
        }
        if own {
            settled.holding.push(request.holder.clone());
        }
    }
    transaction.commit()?;
    Ok(settled)
}

/// What is taken and what is spoken for, as the line is walked.
#[derive(Default)]
struct Hall<'a> {
    taken: HashMap<&'a str, i64>,
    /// What each run holds.
    holds: HashSet<(&'a str, &'a str)>,
    /// For each lock, what those wait for who are in front.
    reserved: HashMap<&'a str, Vec<BTreeSet<&'a str>>>,
}

impl<'a> Hall<'a> {
    fn take(&mut self, request: &'a Request) {
        for (name, _) in &request.locks {
            *self.taken.entry(name).or_default() += 1;
            self.holds.insert((&request.run, name));
        }
    }

    fn reserve(&mut self, request: &'a Request) {
        // It waits for its own locks, and for all that those wait for who are in front of it.
        let mut awaited: BTreeSet<&str> = request
            .locks
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let in_front = request
            .locks
            .iter()
            .filter_map(|(name, _)| self.reserved.get(name.as_str()));
        awaited.extend(in_front.flatten().flatten());
        for (name, _) in &request.locks {
            let reserved = self.reserved.entry(name).or_default();
            if !reserved.contains(&awaited) {
                reserved.push(awaited.clone());
            }
        }
    }

    /// The first lock that a request cannot have, and what to say about it.
    fn obstacle(&self, request: &Request) -> Option<(String, String)> {
        request.locks.iter().find_map(|(name, capacity)| {
            let Some(capacity) = capacity else {
                let message = format!("Waiting for {name} lock. Its limit is not known: give its ConfigMap beside the workflow");
                return Some((name.clone(), message));
            };
            let free = (capacity - self.taken.get(name.as_str()).copied().unwrap_or(0)).max(0);
            let holds_one_of = |awaited: &BTreeSet<&str>| {
                awaited.iter().any(|name| self.holds.contains(&(request.run.as_str(), *name)))
            };
            let behind = self.reserved.get(name.as_str()).is_some_and(|reserved| !reserved.iter().all(holds_one_of));
            (free == 0 || behind).then(|| (name.clone(), format!("Waiting for {name} lock. Lock status: {free}/{capacity}")))
        })
    }
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
            Ok(Request {
                id,
                run,
                holder,
                session,
                held,
                locks: Vec::new(),
            })
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
            line[*place].locks.push((row.get(1)?, row.get(2)?));
        }
    }
    Ok(line)
}
