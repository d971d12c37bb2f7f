//! What the disk and the engine give by themselves: the bounds that the ledger is measured against.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::{Measured, SPAN, rate, waits};

/// Appends records of so many bytes and syncs once for each group.
pub(super) fn append(path: &Path, group: usize, bytes: usize) -> f64 {
    let mut file = File::create(path).expect("the target folder can be written");
    let records = vec![b'x'; bytes * group];
    let begun = Instant::now();
    let mut written = 0;
    while begun.elapsed() < SPAN {
        file.write_all(&records).expect("the disk takes it");
        file.sync_data().expect("the disk syncs");
        written += group;
    }
    let _ = fs::remove_file(path);
    rate(written, begun.elapsed())
}

/// Group commit on sled and nothing else: so many threads, each waiting until its record is durable before it hands in the
/// next; one thread takes what has come in, writes it as one batch of one tree, flushes and syncs. With `rows`, each record
/// brings a row of as many bytes with it, one of a thousand that are written again and again.
pub(super) fn sled(path: &Path, in_flight: usize, bytes: usize, rows: bool) -> Measured {
    let db = sled::Config::new().path(path).flush_every_ms(None).cache_capacity(64 * 1024 * 1024);
    let db = db.open().expect("the store opens");
    let log = File::open(path.join("db")).expect("sled made it");
    let (ask, queue) = mpsc::channel::<mpsc::SyncSender<()>>();
    let writer = thread::spawn(move || {
        let (mut key, record) = (0_u64, vec![b'x'; bytes]);
        while let Ok(first) = queue.recv() {
            let replies: Vec<_> = std::iter::once(first).chain(queue.try_iter()).collect();
            let mut batch = sled::Batch::default();
            for _ in &replies {
                key += 1;
                batch.insert([&b"e"[..], &key.to_be_bytes()].concat(), record.as_slice());
                if rows {
                    batch.insert([&b"r"[..], &(key % 1_000).to_be_bytes()].concat(), record.as_slice());
                }
            }
            db.apply_batch(batch).expect("sled takes it");
            db.flush().expect("sled writes it");
            log.sync_data().expect("the disk syncs");
            // Whoever has had enough by now is not there to hear it.
            for reply in replies {
                let _ = reply.send(());
            }
        }
    });
    let begun = Instant::now();
    let clients: Vec<_> = (0..in_flight)
        .map(|_| {
            let ask = ask.clone();
            thread::spawn(move || {
                let mut waited = waits();
                while begun.elapsed() < SPAN {
                    let (reply, done) = mpsc::sync_channel(1);
                    let asked = Instant::now();
                    ask.send(reply).expect("the writer runs");
                    done.recv().expect("the writer answers");
                    waited.saturating_record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                waited
            })
        })
        .collect();
    let mut waited = waits();
    for client in clients {
        waited.add(client.join().expect("a client ends")).expect("the same bounds");
    }
    let took = begun.elapsed();
    drop(ask);
    writer.join().expect("the writer ends");
    let _ = fs::remove_dir_all(path);
    Measured::of(&waited, took, bytes)
}
