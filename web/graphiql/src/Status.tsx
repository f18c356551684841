import { useConnection } from './connection';
import { useNotice } from './notice';

/** Without it, a subscription that waits for its first event looks like one that cannot connect. */
export function Status() {
  const connection = useConnection();
  const notice = useNotice();
  return (
    <output className="emporia-status" data-connection={connection}>
      {notice && <p>{notice}</p>}
      {connection === 'connected' && <p>Subscribed: events appear above as they happen.</p>}
      {connection === 'connecting' && <p>Connecting…</p>}
    </output>
  );
}
