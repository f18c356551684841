//! A connection to PostgreSQL for the query builder, made for short transactions.
//!
//! What a caller asks is encoded at once and sent with whatever is asked in the same breath: BEGIN, the tenant's
//! setting and any number of statements travel in one packet, end with one Sync and are answered in order. Nothing is
//! ever overtaken: a statement that the server does not know yet is parsed in the same packet in which it runs. There is
//! no task behind a connection; whoever waits for an answer reads it from the socket.
//!
//! `tokio-postgres` makes the connection (addresses, authentication) and then hands its socket over. Why we do not
//! leave the rest to it: docs/adr/0015.

mod connect;
mod failure;
mod line;
mod row;
mod socket;
mod statements;

use std::any::TypeId;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use anyhow::Context as _;
use diesel::pg::{Pg, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{AsQuery, QueryBuilder, QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use diesel_async::{AsyncConnectionCore, SimpleAsyncConnection};
use tokio_postgres::CancelToken;
use tracing::Span;

use line::{Begun, Line, Ticket, Told};
use row::{PgRow, Rows};
use socket::Address;
use statements::Statement;

use crate::telemetry::trace;

pub use connect::{ConnectError, client};
pub use failure::is_too_much;

/// How long ending a statement may take: the server ends it by itself after DATABASE_STATEMENT_TIMEOUT_MS.
const CANCELLING: Duration = Duration::from_secs(5);

/// One connection. Statements of several futures are pipelined through `&Session`.
pub struct Session {
    line: Mutex<Line>,
    canceller: Canceller,
}

/// Ends what a connection is running.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    address: Address,
}

impl Canceller {
    /// Asks the server, on a connection of its own, to end the statement that is running.
    pub async fn cancel(&self) -> anyhow::Result<()> {
        let cancelling = async {
            let socket = self.address.dial().await?;
            Ok(self.token.cancel_query_raw(socket, tokio_postgres::NoTls).await?)
        };
        tokio::time::timeout(CANCELLING, cancelling).await.context("the server does not take it in time")?
    }
}

impl Session {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().expect("no holder panics")
    }

    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// A look at the socket, no round trip: whether the connection can be used, and nothing is still to be answered.
    pub fn is_usable(&self) -> bool {
        self.line().is_usable()
    }

    /// Whether the server, which was a standby, is none any more: it says so with its next answer.
    pub fn is_promoted(&self) -> bool {
        self.line().is_promoted()
    }

    /// Whether the server, by its last answer, is in no transaction.
    pub fn is_idle(&self) -> bool {
        self.line().is_idle()
    }

    /// Begins a transaction with these statements, `BEGIN` first, ahead of what is asked for next and in one packet with
    /// it. [`end`](Self::end) ends it.
    pub fn begin(&self, statements: &[(&'static str, &[&str])]) -> QueryResult<()> {
        self.begin_with(Begun::Open, statements)
    }

    /// Begins a transaction that is one packet, without `BEGIN` and `COMMIT`: the server takes what stands before a Sync
    /// for one. [`end_packet`](Self::end_packet) sends and ends it.
    pub fn begin_packet(&self, statements: &[(&'static str, &[&str])]) -> QueryResult<()> {
        self.begin_with(Begun::Packet, statements)
    }

    fn begin_with(&self, begun: Begun, statements: &[(&'static str, &[&str])]) -> QueryResult<()> {
        statements.iter().try_for_each(|(sql, values)| self.say(sql, values))?;
        self.line().begin(begun);
        Ok(())
    }

    /// Sends what has been asked since [`begin_packet`](Self::begin_packet) and waits for its end; what is asked from here
    /// on is refused. Poll it after whoever asked, on the same task: they wait for it.
    pub async fn end_packet(&self) -> QueryResult<()> {
        poll_fn(|context| {
            let mut line = self.line();
            let polled = line.poll_all(context);
            let woken = line.take_woken();
            drop(line);
            woken.into_iter().for_each(Waker::wake);
            polled
        })
        .await
    }

    /// Why something in this transaction has failed for whose answer nobody waited.
    pub fn lost(&self) -> Option<Error> {
        self.line().lost.clone().map(Error::from)
    }

    /// Ends the transaction: what is asked for from here on is refused, until another one begins.
    pub async fn end(&self, sql: &'static str) -> QueryResult<Told> {
        self.line().begun = Begun::No;
        self.run(sql).await
    }

    /// [`send`](Self::send) for a text.
    pub fn say(&self, sql: &'static str, values: &[&str]) -> QueryResult<()> {
        let mut line = self.line();
        let ticket = ask_text(&mut line, sql, values)?;
        line.leave(ticket);
        Ok(())
    }

    /// Asks for a statement of the query builder and does not wait: it travels with the next that is waited for, which
    /// fails when it does.
    pub fn send(&self, statement: &(impl QueryFragment<Pg> + QueryId)) -> QueryResult<()> {
        match &mut self.ask(statement).state {
            State::Failed(error) => Err(error.take().unwrap_or(Error::NotFound)),
            _ => Ok(()),
        }
    }

    /// Whether a setting that this `SHOW` asks for has a value that ends like this.
    pub async fn shows(&self, show: &'static str, value: &str) -> QueryResult<bool> {
        let told = self.run(show).await?;
        Ok(told.rows.first().is_some_and(|row| row.buffer().ends_with(value.as_bytes())))
    }

    /// Runs a statement without parameters.
    pub async fn run(&self, sql: &'static str) -> QueryResult<Told> {
        let asked = ask_text(&mut self.line(), sql, &[]);
        Asked::new(self, asked).await
    }

    /// Encodes a statement of the query builder.
    fn ask<Q: QueryFragment<Pg> + QueryId>(&self, query: &Q) -> Asked<'_> {
        let asked = collect(query).and_then(|binds| {
            let mut line = self.line();
            if line.begun == Begun::No {
                return Err(Error::NotInTransaction);
            }
            let encoded = line.encoded();
            let statement = statement(&mut line, query, Q::query_id(), &binds.metadata)?;
            line.ask(statement.clone(), binds.binds).inspect_err(|_| {
                // A statement that was to be parsed for this question is not said either.
                line.take_back(encoded);
                if statement.begins() {
                    line.forget(&statement);
                }
            })
        });
        Asked::new(self, asked)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Ok(line) = self.line.get_mut() {
            line.terminate();
        }
    }
}

fn ask_text(line: &mut Line, sql: &'static str, values: &[&str]) -> QueryResult<Ticket> {
    let statement = match line.statements.by_text(sql, &[]) {
        Some(known) => known,
        None => line.prepare(sql, &[])?,
    };
    line.ask(statement, values.iter().map(|value| Some(value.as_bytes().to_vec())).collect())
}

/// The prepared statement of a query: known by its type when that says it all, else by its text.
fn statement<Q: QueryFragment<Pg>>(
    line: &mut Line,
    query: &Q,
    kind: Option<TypeId>,
    binds: &[PgTypeMetadata],
) -> QueryResult<Arc<Statement>> {
    if let Some(known) = kind.and_then(|kind| line.statements.by_type(kind)) {
        return Ok(known);
    }
    let mut builder = PgQueryBuilder::new();
    query.to_sql(&mut builder, &Pg)?;
    let (sql, types) = (builder.finish(), oids(binds)?);
    if !query.is_safe_to_cache_prepared(&Pg)? {
        return line.prepare_once(&sql, &types);
    }
    let statement = match line.statements.by_text(&sql, &types) {
        Some(known) => known,
        None => line.prepare(&sql, &types)?,
    };
    if let Some(kind) = kind {
        line.statements.know_type(kind, &statement);
    }
    Ok(statement)
}

fn oids(binds: &[PgTypeMetadata]) -> QueryResult<Vec<u32>> {
    binds
        .iter()
        .map(PgTypeMetadata::oid)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::SerializationError(error.into()))
}

fn collect<Q: QueryFragment<Pg>>(query: &Q) -> QueryResult<RawBytesBindCollector<Pg>> {
    let mut binds = RawBytesBindCollector::new();
    query.collect_binds(&mut binds, &mut BuiltIn, &Pg)?;
    Ok(binds)
}

/// The schema has no types of its own, so there is nothing to look up.
struct BuiltIn;

impl PgMetadataLookup for BuiltIn {
    fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
        tracing::error!(name, schema, "a statement has a parameter of a type that is not PostgreSQL's own");
        PgTypeMetadata::new(0, 0)
    }
}

/// A question and, once awaited, its answer. Dropped before, the answer is passed over when it comes.
pub struct Asked<'a> {
    session: &'a Session,
    state: State,
    /// From the question to the answer.
    _span: Span,
}

enum State {
    /// Encoded; siblings may still add theirs to the same packet.
    Fresh(Ticket),
    Waiting(Ticket),
    Failed(Option<Error>),
    Done,
}

impl<'a> Asked<'a> {
    fn new(session: &'a Session, asked: QueryResult<Ticket>) -> Self {
        let state = match asked {
            Ok(ticket) => State::Fresh(ticket),
            Err(error) => State::Failed(Some(error)),
        };
        let span = match state {
            State::Fresh(ticket) if trace::is_on() => trace::of_statement(session.line().summary(ticket)),
            _ => Span::none(),
        };
        Self { session, state, _span: span }
    }
}

impl Future for Asked<'_> {
    type Output = QueryResult<Told>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ticket = match &mut self.state {
            State::Fresh(ticket) => {
                let ticket = *ticket;
                self.state = State::Waiting(ticket);
                // Everyone who is polled in the same breath asks before anything is sent.
                let mut line = self.session.line();
                match line.begun {
                    Begun::Packet => line.wait(ticket, context.waker()),
                    Begun::Open | Begun::No => context.waker().wake_by_ref(),
                }
                return Poll::Pending;
            }
            State::Waiting(ticket) => *ticket,
            State::Failed(error) => {
                let error = error.take().unwrap_or(Error::NotFound);
                self.state = State::Done;
                return Poll::Ready(Err(error));
            }
            State::Done => unreachable!("polled after its end"),
        };
        let mut line = self.session.line();
        let polled = line.poll(ticket, context);
        let woken = line.take_woken();
        drop(line);
        woken.into_iter().for_each(Waker::wake);
        if polled.is_ready() {
            self.state = State::Done;
        }
        polled
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let State::Fresh(ticket) | State::Waiting(ticket) = self.state {
            let woken = {
                let mut line = self.session.line();
                line.leave(ticket);
                line.take_woken()
            };
            woken.into_iter().for_each(Waker::wake);
        }
    }
}

/// Rows to come.
pub struct Loading<'a>(Asked<'a>);

impl Future for Loading<'_> {
    type Output = QueryResult<Rows>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_ok(Rows::new)
    }
}

/// A number of rows to come.
pub struct Executing<'a>(Asked<'a>);

impl Future for Executing<'_> {
    type Output = QueryResult<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_ok(|told| told.count)
    }
}

/// Texts of several statements are for migrations, which have connections of their own.
impl SimpleAsyncConnection for &Session {
    async fn batch_execute(&mut self, _: &str) -> QueryResult<()> {
        Err(Error::QueryBuilderError("several statements in one text are not available here".into()))
    }
}

impl<'a> AsyncConnectionCore for &'a Session {
    type ExecuteFuture<'conn, 'query> = Executing<'a>;
    type LoadFuture<'conn, 'query> = Loading<'a>;
    type Stream<'conn, 'query> = Rows;
    type Row<'conn, 'query> = PgRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        Loading(self.ask(&source.as_query()))
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        Executing(self.ask(&source))
    }
}
