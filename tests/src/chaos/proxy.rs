//! A TCP proxy whose weather can be changed: clear, slow, trickling, deaf, half open, cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// Bytes that are forwarded at a time.
const CHUNK: usize = 16 << 10;
/// Bytes of one drop of a trickle, and the pause after it.
const DROP_BYTES: usize = 193;
const DROP_PAUSE: Duration = Duration::from_millis(15);
/// How long slow weather holds every chunk.
const SLOW: Duration = Duration::from_millis(120);

/// What happens to bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// They pass.
    Clear,
    /// They pass late.
    Slow,
    /// They pass a few at a time.
    Trickle,
    /// Connections stand, and nothing passes: nobody is told.
    Deaf,
    /// The coordinator's side is closed, the worker's side stays open, and nothing passes.
    HalfOpen,
    /// All connections are closed, in the middle of whatever they carry; new ones too.
    Cut,
}

/// All weathers but clear.
pub const FOUL: [Weather; 5] = [Weather::Slow, Weather::Trickle, Weather::Deaf, Weather::HalfOpen, Weather::Cut];

/// A proxy on a port of its own; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    n_connections: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl Proxy {
    /// A proxy in front of `target`, in clear weather.
    ///
    /// # Errors
    /// If there is no port or no thread for it.
    pub fn start(target: SocketAddr) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather::Clear);
        let n_connections = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&n_connections);
        runtime.spawn(async move {
            while let Ok((worker, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(connect(worker, target, seen.clone()));
            }
        });
        Ok(Self { address, weather, n_connections, _runtime: runtime })
    }

    /// What workers are given as the coordinator's.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the weather, for the connections that stand too.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Connections that were opened so far.
    #[must_use]
    pub fn n_connections(&self) -> u64 {
        self.n_connections.load(Ordering::Relaxed)
    }
}

async fn connect(worker: TcpStream, target: SocketAddr, mut weather: watch::Receiver<Weather>) {
    if *weather.borrow_and_update() == Weather::Cut {
        return;
    }
    let Ok(coordinator) = TcpStream::connect(target).await else { return };
    let small = [worker.set_nodelay(true), coordinator.set_nodelay(true)];
    if small.iter().any(Result::is_err) {
        return;
    }
    let (from_worker, to_worker) = worker.into_split();
    let (from_coordinator, to_coordinator) = coordinator.into_split();
    // When one way has ended, the other is dropped with it, and the sockets are closed.
    tokio::select! {
        () = forward(from_worker, to_coordinator, weather.clone()) => {}
        () = forward(from_coordinator, to_worker, weather.clone()) => {}
        () = ends_badly(&mut weather) => {}
    }
}

/// Returns when the weather ends connections; a half-open one only when the weather changes again.
async fn ends_badly(weather: &mut watch::Receiver<Weather>) {
    let bad = weather.wait_for(|weather| *weather == Weather::Cut).await;
    drop(bad);
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut weather: watch::Receiver<Weather>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let Ok(n @ 1..) = from.read(&mut chunk).await else { return };
        if write(&mut to, &chunk[..n], &mut weather).await.is_none() {
            return;
        }
    }
}

/// Writes a chunk as the weather lets it; none if the connection is over.
async fn write(to: &mut OwnedWriteHalf, chunk: &[u8], weather: &mut watch::Receiver<Weather>) -> Option<()> {
    let mut rest = chunk;
    while !rest.is_empty() {
        let now = *weather.borrow_and_update();
        let n = match now {
            Weather::Clear => rest.len(),
            Weather::Slow => {
                tokio::time::sleep(SLOW).await;
                rest.len()
            }
            Weather::Trickle => {
                tokio::time::sleep(DROP_PAUSE).await;
                rest.len().min(DROP_BYTES)
            }
            Weather::Deaf => {
                weather.changed().await.ok()?;
                continue;
            }
            Weather::HalfOpen => {
                // One end learns that the connection is over, the other waits for an answer that never comes.
                to.shutdown().await.ok()?;
                weather.changed().await.ok()?;
                return None;
            }
            Weather::Cut => return None,
        };
        let (now, later) = rest.split_at(n);
        to.write_all(now).await.ok()?;
        rest = later;
    }
    Some(())
}
