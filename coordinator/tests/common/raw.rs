//! Calls with any bytes, and bytes to call with.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Long enough for a busy machine, short enough for a report that asks to wait.
const DEADLINE: Duration = Duration::from_secs(2);

/// A connection that sends bytes as they are.
#[derive(Clone)]
pub(crate) struct Raw {
    channel: Channel,
    token: String,
}

impl Raw {
    pub(crate) async fn connect(url: &str, token: &str) -> Self {
        let channel = Endpoint::from_shared(url.to_owned()).expect("a URL").connect().await.expect("it answers");
        Self { channel, token: format!("Bearer {token}") }
    }

    /// The first message of the answer.
    pub(crate) async fn call(&self, path: &'static str, message: Vec<u8>) -> Result<Bytes, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        let mut request = Request::new(Bytes::from(message));
        request.metadata_mut().insert("authorization", self.token.parse().expect("a token is a header"));
        request.set_timeout(DEADLINE);
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
        let answer = grpc.server_streaming(request, path, RawCodec);
        let mut stream = answer.await?.into_inner();
        // A stream may have nothing to say before its sweep changes.
        match tokio::time::timeout(DEADLINE, stream.message()).await {
            Ok(message) => Ok(message?.unwrap_or_default()),
            Err(_) => Err(Status::deadline_exceeded("the stream has said nothing yet")),
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let n = from.remaining();
        Ok(Some(from.copy_to_bytes(n)))
    }
}

/// Bytes from a seed (SplitMix64).
pub(crate) struct Strange(u64);

impl Strange {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// Bytes without a meaning.
    pub(crate) fn random(&mut self) -> Vec<u8> {
        (0..self.below(300)).map(|_| self.next() as u8).collect()
    }

    /// A message in which something is changed, cut off, doubled or put in.
    pub(crate) fn mutated(&mut self, message: &[u8]) -> Vec<u8> {
        let mut bytes = message.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = self.next() as u8,
                2 => bytes.truncate(at),
                3 => bytes.extend_from_within(at..),
                // The largest number that a field can hold.
                4 => drop(bytes.splice(at..at, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
                _ => drop(bytes.splice(at..at, [self.next() as u8, 0xc3, 0x28, 0x00])),
            }
        }
        bytes
    }
}
