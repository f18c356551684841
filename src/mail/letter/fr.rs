//! French.

use super::Letter;
use super::words::Words;

pub fn words(letter: Letter) -> Words {
    let (subject, why, what, otherwise) = match letter {
        Letter::StaffInvitation => (
            "Vous êtes invité·e",
            "vous êtes invité·e à travailler pour {shop}.",
            Some("Choisissez un mot de passe pour votre compte"),
            "Ceci est valable une semaine, une seule fois. Si vous ne connaissez pas la boutique, il n'y a rien à faire.",
        ),
        Letter::StaffPasswordReset => (
            "Choisissez un mot de passe",
            "quelqu'un, peut-être vous, souhaite choisir un mot de passe pour votre compte chez {shop}.",
            Some("Choisissez un mot de passe"),
            "Ceci est valable une heure, une seule fois. Si ce n'était pas vous, il n'y a rien à faire : votre mot de passe reste le même.",
        ),
        Letter::StaffEmailVerification => (
            "Confirmez votre adresse e-mail",
            "merci de confirmer que cette adresse e-mail est bien celle de votre compte chez {shop}.",
            Some("Confirmez l'adresse"),
            "Ceci est valable une journée. Si vous n'y avez pas de compte, il n'y a rien à faire.",
        ),
        Letter::CustomerAccountActivation => (
            "Confirmez votre adresse e-mail",
            "quelqu'un, nous espérons que c'est vous, souhaite ouvrir un compte client avec cette adresse e-mail.",
            Some("Confirmez l'adresse et choisissez un mot de passe"),
            "Le lien est valable trois jours. Si ce n'était pas vous, il n'y a rien à faire : aucun compte n'est ouvert.",
        ),
        Letter::CustomerAccountExists => (
            "Vous avez déjà un compte",
            "quelqu'un, nous espérons que c'est vous, a voulu ouvrir un compte client avec cette adresse e-mail, qui en a déjà un. Connectez-vous avec celui-ci.",
            Some("Si vous n'avez pas de mot de passe, ou l'avez oublié, choisissez-en un nouveau"),
            "Le lien est valable deux heures. Si ce n'était pas vous, il n'y a rien à faire : rien n'a changé.",
        ),
        Letter::CustomerPasswordReset => (
            "Choisissez un nouveau mot de passe",
            "quelqu'un, nous espérons que c'est vous, a demandé un nouveau mot de passe pour votre compte client.",
            Some("Choisissez un nouveau mot de passe"),
            "Le lien est valable deux heures. Si ce n'était pas vous, il n'y a rien à faire : votre mot de passe reste le même.",
        ),
        Letter::CustomerEmailVerification => (
            "Confirmez votre nouvelle adresse e-mail",
            "quelqu'un, nous espérons que c'est vous, souhaite utiliser cette adresse e-mail pour son compte client.",
            Some("Confirmez l'adresse avec le mot de passe du compte"),
            "Le lien est valable trois jours. Si ce n'était pas vous, il n'y a rien à faire : le compte garde son adresse.",
        ),
        Letter::CustomerPasswordChanged => (
            "Votre mot de passe a été modifié",
            "le mot de passe de votre compte client a été modifié, et tous les appareils sauf un ont été déconnectés.",
            None,
            "Si ce n'était pas vous, choisissez tout de suite un nouveau mot de passe, comme si vous aviez oublié le vôtre.",
        ),
        Letter::CustomerEmailChangeRequested => (
            "Votre compte va changer d'adresse e-mail",
            "quelqu'un, nous espérons que c'est vous, souhaite donner une autre adresse e-mail à votre compte client. Il garde celle-ci jusqu'à ce que l'autre soit confirmée.",
            None,
            "Si ce n'était pas vous, choisissez tout de suite un nouveau mot de passe : tous les appareils seront déconnectés.",
        ),
        Letter::CustomerEmailChanged => (
            "Votre compte a une autre adresse e-mail",
            "nous avons donné une autre adresse e-mail à votre compte client, à votre demande, nous l'espérons, et déconnecté tous les appareils.",
            None,
            "Si ce n'était pas à votre demande, écrivez-nous.",
        ),
        Letter::TrialEnding => (
            "La période d'essai se termine bientôt",
            "la période d'essai de {tried} se termine le {day} ; {shop} sera ensuite sur l'offre {plan}.",
            None,
            "Si vous souhaitez une autre offre, choisissez-la d'ici là. Ce qui existe est conservé dans tous les cas.",
        ),
        Letter::TrialEnded => (
            "La période d'essai est terminée",
            "la période d'essai de {tried} est terminée, et {shop} est maintenant sur l'offre {plan}.",
            None,
            "Ce qui existe est conservé ; là où cela dépasse l'offre, rien ne s'ajoute tant qu'il n'y en a pas moins. Vous pouvez choisir une autre offre à tout moment.",
        ),
        Letter::PaymentFailed => (
            "Un paiement a échoué",
            "le paiement de l'offre {plan} de {shop} a échoué. Il est tenté à nouveau ; jusqu'au {until}, tout continue comme avant.",
            Some("Voir la facture et la payer"),
            "Ensuite, {shop} ne prendra plus de commandes jusqu'au paiement. Si une carte a expiré, donnez-en une autre : dans les paramètres, sous facturation.",
        ),
        Letter::PaymentMissing => (
            "Les commandes sont suspendues",
            "le paiement de l'offre {plan} de {shop} manque, et {shop} ne prend donc pas de commandes pour le moment.",
            Some("Voir la facture et la payer"),
            "Tout le reste est là comme avant, et dès que le paiement est fait, les commandes reprennent.",
        ),
    };
    Words { lang: "fr", hello: "Bonjour", subject, why, what, otherwise }
}
