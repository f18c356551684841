//! What is said on the socket, in order: questions as they were asked, answers as they come.

mod hear;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use diesel::result::{Error, QueryResult};
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::DataRowBody;
use postgres_protocol::message::frontend;
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use super::failure::Failure;
use super::socket::Socket;
use super::statements::{Statement, Statements};

/// How much is read at once.
const CHUNK: usize = 16 << 10;

/// A question's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// The answer to one question.
pub struct Told {
    pub statement: Arc<Statement>,
    pub rows: Vec<DataRowBody>,
    /// How many rows were read or written.
    pub count: usize,
    /// What `COMMIT` becomes when the transaction has failed.
    pub rolled_back: bool,
}

struct Question {
    statement: Arc<Statement>,
    /// The server has not yet said that it knows the statement.
    parsing: bool,
    rows: Vec<DataRowBody>,
    outcome: Option<Result<Outcome, Failure>>,
    waker: Option<Waker>,
    /// Nobody waits for it.
    left: bool,
}

#[derive(Clone, Copy)]
struct Outcome {
    count: usize,
    rolled_back: bool,
}

/// Whether a transaction has been asked for, and not its end: only then may anything be asked. Outside of one the server
/// would run it with no tenant set, which shows nothing, but is never what was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    No,
    /// By `BEGIN`: until it is ended.
    Open,
    /// By nothing: the server makes what stands before a Sync one transaction.
    Packet,
}

pub struct Line {
    socket: Socket,
    pub statements: Statements,
    output: BytesMut,
    input: BytesMut,
    /// What has been asked and not been handed out; the first one's number is `first`.
    asked: VecDeque<Question>,
    first: u64,
    /// Which of `asked` the server answers next.
    answering: usize,
    /// The last question of each packet whose end the server has not told yet. What fails takes all behind it, up to
    /// there, along.
    packets: VecDeque<u64>,
    /// Everything before this question has been told to its packet's end.
    ready: u64,
    /// Statements that the server is to forget, with the next packet: in front, where nothing is passed over.
    forgotten: Vec<String>,
    /// Bytes of rows that have been read in this transaction.
    told: usize,
    /// Why something has failed for whose answer nobody waits: the transaction's first.
    pub lost: Option<Failure>,
    /// Something has been asked since the last Sync.
    is_open: bool,
    pub begun: Begun,
    /// The server's last word on its transaction: `I` for none.
    status: u8,
    /// The server was a standby when this connection was made, and has said since that it is none any more.
    is_promoted: bool,
    closed: Option<Failure>,
    woken: Vec<Waker>,
}

impl Line {
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            statements: Statements::default(),
            output: BytesMut::with_capacity(4 << 10),
            input: BytesMut::new(),
            asked: VecDeque::new(),
            first: 0,
            answering: 0,
            packets: VecDeque::new(),
            ready: 0,
            forgotten: Vec::new(),
            told: 0,
            lost: None,
            is_open: false,
            begun: Begun::No,
            status: b'I',
            is_promoted: false,
            closed: None,
            woken: Vec::new(),
        }
    }

    /// Makes a statement that stays known, in the packet that will run it.
    pub fn prepare(&mut self, sql: &str, types: &[u32]) -> QueryResult<Arc<Statement>> {
        if let Some(oldest) = self.statements.make_room() {
            self.forgotten.push(oldest.name().to_owned());
        }
        let name = self.statements.next_name();
        self.parse(&name, sql, types)?;
        Ok(self.statements.insert(name, sql, types))
    }

    /// Makes a statement for one run.
    pub fn prepare_once(&mut self, sql: &str, types: &[u32]) -> QueryResult<Arc<Statement>> {
        self.parse("", sql, types)?;
        Ok(Arc::new(Statement::unnamed(sql)))
    }

    /// A transaction begins.
    pub fn begin(&mut self, begun: Begun) {
        self.begun = begun;
        self.lost = None;
        self.told = 0;
    }

    fn parse(&mut self, name: &str, sql: &str, types: &[u32]) -> QueryResult<()> {
        self.open()?;
        self.whole(|output| {
            frontend::parse(name, sql, types.iter().copied(), output).map_err(unsayable)?;
            frontend::describe(b'S', name, output).map_err(unsayable)
        })
    }

    /// Before a packet's first message.
    fn open(&mut self) -> QueryResult<()> {
        if let Some(closed) = &self.closed {
            return Err(closed.clone().into());
        }
        if !self.is_open {
            for name in std::mem::take(&mut self.forgotten) {
                frontend::close(b'S', &name, &mut self.output).map_err(unsayable)?;
            }
        }
        Ok(())
    }

    /// Encodes messages, or none: half a one would garble all that follow.
    fn whole(&mut self, encode: impl FnOnce(&mut BytesMut) -> QueryResult<()>) -> QueryResult<()> {
        let before = self.output.len();
        let encoded = encode(&mut self.output);
        if encoded.is_err() {
            self.output.truncate(before);
        }
        encoded
    }

    /// Asks for a statement's run with these values, all in binary.
    pub fn ask(&mut self, statement: Arc<Statement>, values: Vec<Option<Vec<u8>>>) -> QueryResult<Ticket> {
        self.open()?;
        let write = |value: Option<Vec<u8>>, output: &mut BytesMut| match value {
            Some(bytes) => {
                output.extend_from_slice(&bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        };
        self.whole(|output| {
            frontend::bind("", statement.name(), [1], values, write, [1], output).map_err(|error| match error {
                frontend::BindError::Conversion(error) => Error::SerializationError(error),
                frontend::BindError::Serialization(error) => unsayable(error),
            })?;
            frontend::execute("", 0, output).map_err(unsayable)
        })?;
        self.is_open = true;
        let ticket = Ticket(self.first + self.asked.len() as u64);
        let parsing = statement.begins();
        self.asked.push_back(Question {
            statement,
            parsing,
            rows: Vec::new(),
            outcome: None,
            waker: None,
            left: false,
        });
        Ok(ticket)
    }

    /// Sends what there is to send and reads until this question is answered.
    pub fn poll(&mut self, ticket: Ticket, context: &mut Context<'_>) -> Poll<QueryResult<Told>> {
        loop {
            if let Some(told) = self.take(ticket) {
                self.pass_on(context.waker());
                return Poll::Ready(told);
            }
            match self.exchange(context) {
                Poll::Ready(Ok(())) => self.digest(),
                Poll::Ready(Err(error)) => self.close(Failure::lost(&error)),
                Poll::Pending => {
                    let question = self.question(ticket);
                    if !question.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                        question.waker = Some(context.waker().clone());
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Sends what there is to send and reads until all of it is answered. Whoever waits for an answer is to be polled
    /// before this is, on the same task: it is the one whom the socket wakes.
    pub fn poll_all(&mut self, context: &mut Context<'_>) -> Poll<QueryResult<()>> {
        loop {
            match &self.closed {
                // What ended the connection may have come right behind the last answer.
                _ if !self.is_open && self.packets.is_empty() => return Poll::Ready(Ok(())),
                Some(closed) => return Poll::Ready(Err(closed.clone().into())),
                None => {}
            }
            match ready!(self.exchange(context)) {
                Ok(()) => self.digest(),
                Err(error) => self.close(Failure::lost(&error)),
            }
        }
    }

    /// What a question's statement is about.
    pub fn summary(&mut self, ticket: Ticket) -> &str {
        self.question(ticket).statement.summary()
    }

    /// Notes who waits for this, without sending anything yet.
    pub fn wait(&mut self, ticket: Ticket, waker: &Waker) {
        self.question(ticket).waker = Some(waker.clone());
    }

    /// Whoever waits for this does no more; what comes of it is passed over.
    pub fn leave(&mut self, ticket: Ticket) {
        let question = self.question(ticket);
        question.left = true;
        question.waker = None;
        self.forget_answered();
        // It may have been the one whom the socket wakes.
        self.pass_on(Waker::noop());
    }

    /// One that has not been handed out.
    fn question(&mut self, ticket: Ticket) -> &mut Question {
        &mut self.asked[(ticket.0 - self.first) as usize]
    }

    pub fn take_woken(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.woken)
    }

    /// Whether the server, by its last word on all that it was asked, is in no transaction.
    pub fn is_idle(&self) -> bool {
        self.status == b'I' && self.packets.is_empty() && !self.is_open
    }

    pub fn is_usable(&mut self) -> bool {
        while self.closed.is_none() {
            match self.socket.try_read_buf(&mut self.input) {
                Ok(0) => self.close(Failure::lost(&io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => self.digest(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => self.close(Failure::lost(&error)),
            }
        }
        self.closed.is_none() && self.asked.is_empty() && self.packets.is_empty() && self.output.is_empty()
    }

    /// Whether the server has ceased to be a standby while this connection was open.
    pub fn is_promoted(&self) -> bool {
        self.is_promoted
    }

    /// Says good-bye, as far as the socket takes it at once. What has been asked and not been sent is not sent now: nobody
    /// waits for it, and there may be a COMMIT among it. Where the socket just closes, the server rolls back.
    pub fn terminate(&mut self) {
        if self.closed.is_none() && self.output.is_empty() {
            frontend::terminate(&mut self.output);
            let _ = self.socket.try_write(&self.output);
        }
    }

    /// Hands a question's answer out.
    fn take(&mut self, ticket: Ticket) -> Option<QueryResult<Told>> {
        if ticket.0 >= self.ready {
            return None;
        }
        let question = self.question(ticket);
        let outcome = question.outcome.take()?;
        let told = outcome.map(|Outcome { count, rolled_back }| Told {
            statement: question.statement.clone(),
            rows: std::mem::take(&mut question.rows),
            count,
            rolled_back,
        });
        question.left = true;
        question.outcome = Some(Ok(Outcome { count: 0, rolled_back: false }));
        self.forget_answered();
        Some(told.map_err(Error::from))
    }

    fn forget_answered(&mut self) {
        while self.first < self.ready && self.asked.front().is_some_and(|question| question.left) {
            self.asked.pop_front();
            self.first += 1;
            self.answering -= 1;
        }
    }

    /// The socket wakes one waiter only: whoever has what he wanted wakes the next.
    fn pass_on(&mut self, own: &Waker) {
        let mut waiting = self.asked.iter().filter_map(|question| question.waker.as_ref());
        if let Some(waker) = waiting.find(|waker| !waker.will_wake(own)) {
            self.woken.push(waker.clone());
        }
    }

    /// Writes what it can and reads once. Reading goes on while the server does not take more.
    fn exchange(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_open {
            frontend::sync(&mut self.output);
            self.is_open = false;
            if self.begun == Begun::Packet {
                self.begun = Begun::No;
            }
            self.packets.push_back(self.first + self.asked.len() as u64 - 1);
        }
        while !self.output.is_empty() {
            match Pin::new(&mut self.socket).poll_write(context, &self.output)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => self.output.advance(written),
                Poll::Pending => break,
            }
        }
        // By TLS what has been taken may not have been sent.
        if let Poll::Ready(flushed) = Pin::new(&mut self.socket).poll_flush(context) {
            flushed?;
        }
        self.input.reserve(CHUNK);
        match ready!(poll_read_buf(Pin::new(&mut self.socket), context, &mut self.input))? {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Takes a statement out that the server does not know, or knows wrongly.
    pub fn forget(&mut self, statement: &Arc<Statement>) {
        if self.statements.forget(statement) {
            self.forgotten.push(statement.name().to_owned());
        }
    }

    /// How much has been encoded.
    pub fn encoded(&self) -> usize {
        self.output.len()
    }

    /// Takes back what has been encoded since.
    pub fn take_back(&mut self, encoded: usize) {
        self.output.truncate(encoded);
    }
}

fn unsayable(error: io::Error) -> Error {
    Error::SerializationError(error.into())
}
