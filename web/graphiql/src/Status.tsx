import { useConnection } from './connection';

/** Without it, a subscription that waits for its first event looks like one that cannot connect. */
export function Status() {
  const connection = useConnection();
  return (
    <output className="emporia-status" data-connection={connection}>
      {connection === 'connected' && 'Subscribed: events appear above as they happen.'}
      {connection === 'connecting' && 'Connecting…'}
    </output>
  );
}
