//! German.

use super::Letter;
use super::words::Words;

pub fn words(letter: Letter) -> Words {
    let (subject, why, what, otherwise) = match letter {
        Letter::StaffInvitation => (
            "Sie sind eingeladen",
            "Sie sind eingeladen, für {shop} zu arbeiten.",
            Some("Wählen Sie ein Passwort für Ihr Konto"),
            "Das gilt eine Woche lang und für ein Mal. Wenn Sie den Shop nicht kennen, müssen Sie nichts tun.",
        ),
        Letter::StaffPasswordReset => (
            "Wählen Sie ein Passwort",
            "jemand, vielleicht Sie, möchte ein Passwort für Ihr Konto bei {shop} wählen.",
            Some("Wählen Sie ein Passwort"),
            "Das gilt eine Stunde lang und für ein Mal. Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.",
        ),
        Letter::StaffEmailVerification => (
            "Bestätigen Sie Ihre E-Mail-Adresse",
            "bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei {shop} ist.",
            Some("Bestätigen Sie die Adresse"),
            "Das gilt einen Tag lang. Wenn Sie dort kein Konto haben, müssen Sie nichts tun.",
        ),
        Letter::CustomerAccountActivation => (
            "Bestätigen Sie Ihre E-Mail-Adresse",
            "jemand, hoffentlich Sie, möchte mit dieser E-Mail-Adresse ein Kundenkonto eröffnen.",
            Some("Bestätigen Sie die Adresse und wählen Sie ein Passwort"),
            "Der Link gilt drei Tage lang. Wenn Sie es nicht waren, müssen Sie nichts tun: Es wird kein Konto eröffnet.",
        ),
        Letter::CustomerAccountExists => (
            "Sie haben schon ein Kundenkonto",
            "jemand, hoffentlich Sie, wollte mit dieser E-Mail-Adresse ein Kundenkonto eröffnen, das es schon gibt. Melden Sie sich damit an.",
            Some("Wenn Sie kein Passwort haben oder es vergessen haben, wählen Sie ein neues"),
            "Der Link gilt zwei Stunden lang. Wenn Sie es nicht waren, müssen Sie nichts tun: Nichts hat sich geändert.",
        ),
        Letter::CustomerPasswordReset => (
            "Wählen Sie ein neues Passwort",
            "jemand, hoffentlich Sie, hat um ein neues Passwort für Ihr Kundenkonto gebeten.",
            Some("Wählen Sie ein neues Passwort"),
            "Der Link gilt zwei Stunden lang. Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.",
        ),
        Letter::CustomerEmailVerification => (
            "Bestätigen Sie Ihre neue E-Mail-Adresse",
            "jemand, hoffentlich Sie, möchte diese E-Mail-Adresse für sein Kundenkonto verwenden.",
            Some("Bestätigen Sie die Adresse mit dem Passwort des Kontos"),
            "Der Link gilt drei Tage lang. Wenn Sie es nicht waren, müssen Sie nichts tun: Das Konto behält seine Adresse.",
        ),
        Letter::CustomerPasswordChanged => (
            "Ihr Passwort wurde geändert",
            "das Passwort Ihres Kundenkontos wurde geändert, und alle Geräte bis auf eines wurden abgemeldet.",
            None,
            "Wenn Sie es nicht waren, wählen Sie gleich ein neues Passwort, so wie jemand, der seines vergessen hat.",
        ),
        Letter::CustomerEmailChangeRequested => (
            "Ihr Kundenkonto soll eine andere E-Mail-Adresse bekommen",
            "jemand, hoffentlich Sie, möchte Ihrem Kundenkonto eine andere E-Mail-Adresse geben. Es behält diese, bis die andere bestätigt ist.",
            None,
            "Wenn Sie es nicht waren, wählen Sie gleich ein neues Passwort: Damit werden alle Geräte abgemeldet.",
        ),
        Letter::CustomerEmailChanged => (
            "Ihr Kundenkonto hat eine andere E-Mail-Adresse",
            "wir haben Ihrem Kundenkonto, hoffentlich auf Ihren Wunsch, eine andere E-Mail-Adresse gegeben und alle Geräte abgemeldet.",
            None,
            "Wenn es nicht Ihr Wunsch war, schreiben Sie uns bitte.",
        ),
        Letter::TrialEnding => (
            "Der Testzeitraum geht zu Ende",
            "der Testzeitraum von {tried} endet am {day}; danach gilt für {shop} der Tarif {plan}.",
            None,
            "Wenn Sie einen anderen Tarif möchten, wählen Sie ihn bitte bis dahin. Was da ist, bleibt in jedem Fall.",
        ),
        Letter::TrialEnded => (
            "Der Testzeitraum ist zu Ende",
            "der Testzeitraum von {tried} ist zu Ende, und für {shop} gilt jetzt der Tarif {plan}.",
            None,
            "Was da ist, bleibt; wo es mehr ist, als der Tarif vorsieht, kommt nichts hinzu, bis es weniger ist. Sie können jederzeit einen anderen Tarif wählen.",
        ),
        Letter::PaymentFailed => (
            "Eine Zahlung ist fehlgeschlagen",
            "die Zahlung für den Tarif {plan} von {shop} ist fehlgeschlagen. Sie wird noch einmal versucht; bis {until} geht alles weiter wie bisher.",
            Some("Rechnung ansehen und bezahlen"),
            "Danach nimmt {shop} keine Bestellungen an, bis die Zahlung erfolgt ist. Wenn eine Karte abgelaufen ist, hinterlegen Sie eine andere: in den Einstellungen unter Abrechnung.",
        ),
        Letter::PaymentMissing => (
            "Es werden keine Bestellungen angenommen",
            "die Zahlung für den Tarif {plan} von {shop} fehlt, und deshalb nimmt {shop} im Moment keine Bestellungen an.",
            Some("Rechnung ansehen und bezahlen"),
            "Alles andere ist da wie bisher, und sobald die Zahlung erfolgt ist, werden wieder Bestellungen angenommen.",
        ),
    };
    Words { lang: "de", hello: "Guten Tag", subject, why, what, otherwise }
}
