package locale

// The texts around mail: its frame, the pages that its links lead to, and the confirmation of a newsletter. %s is the shop's name unless said otherwise.
const (
	FrameWhy         Key = "frame.why"
	FrameUnsubscribe Key = "frame.unsubscribe"
	FramePreferences Key = "frame.preferences"

	UnsubscribeTitle  Key = "unsubscribe.title"
	UnsubscribeAsk    Key = "unsubscribe.ask"
	UnsubscribeButton Key = "unsubscribe.button"
	UnsubscribeDone   Key = "unsubscribe.done"
	UnsubscribeBack   Key = "unsubscribe.back"

	PreferencesTitle   Key = "preferences.title"
	PreferencesIntro   Key = "preferences.intro"
	PreferencesSave    Key = "preferences.save"
	PreferencesSaved   Key = "preferences.saved"
	PreferencesHistory Key = "preferences.history"
	PreferencesAllowed Key = "preferences.allowed"
	PreferencesRefused Key = "preferences.refused"
	PreferencesPending Key = "preferences.pending"
	PreferencesSelf    Key = "preferences.personal"
	ChannelEmail       Key = "channel.email"
	ChannelSMS         Key = "channel.sms"
	ChannelPhone       Key = "channel.phone"
	ChannelPost        Key = "channel.post"

	NewsletterTitle   Key = "newsletter.title"
	NewsletterIntro   Key = "newsletter.intro"
	NewsletterEmail   Key = "newsletter.email"
	NewsletterName    Key = "newsletter.name"
	NewsletterButton  Key = "newsletter.button"
	NewsletterConsent Key = "newsletter.consent"
	NewsletterSent    Key = "newsletter.sent"
	NewsletterWrong   Key = "newsletter.wrong"

	ConfirmTitle   Key = "confirm.title"
	ConfirmAsk     Key = "confirm.ask"
	ConfirmButton  Key = "confirm.button"
	ConfirmDone    Key = "confirm.done"
	ConfirmSubject Key = "confirm.subject"
	ConfirmMail    Key = "confirm.mail"
	ConfirmIgnore  Key = "confirm.ignore"

	EraseTitle   Key = "erase.title"
	EraseAsk     Key = "erase.ask"
	EraseButton  Key = "erase.button"
	EraseDone    Key = "erase.done"
	EraseSubject Key = "erase.subject"
	EraseMail    Key = "erase.mail"
	EraseIgnore  Key = "erase.ignore"

	LinkEnded     Key = "link.ended"
	LinkEndedText Key = "link.ended.text"
)

// letterTexts has one column a language, in the order of languages.
var letterTexts = map[Key][4]string{
	FrameWhy:         {"You get this mail because you agreed to hear from %s.", "Vous recevez ce message parce que vous avez accepté de recevoir des nouvelles de %s.", "Sie bekommen diese E-Mail, weil Sie Nachrichten von %s zugestimmt haben.", "Вы получили это письмо, потому что согласились получать новости от магазина %s."},
	FrameUnsubscribe: {"Unsubscribe", "Se désabonner", "Abmelden", "Отписаться"},
	FramePreferences: {"Choose what you get", "Choisir ce que vous recevez", "Auswählen, was Sie bekommen", "Выбрать, что получать"},

	UnsubscribeTitle:  {"Unsubscribe from %s", "Se désabonner de %s", "Von %s abmelden", "Отписаться от рассылки %s"},
	UnsubscribeAsk:    {"Shall %s send you no more mail?", "Ne plus recevoir de messages de %s ?", "Soll %s Ihnen keine E-Mails mehr schicken?", "Больше не присылать вам письма от %s?"},
	UnsubscribeButton: {"Unsubscribe", "Se désabonner", "Abmelden", "Отписаться"},
	UnsubscribeDone:   {"Done. %s will send you no more mail.", "C'est fait. %s ne vous enverra plus de messages.", "Erledigt. %s schickt Ihnen keine E-Mails mehr.", "Готово. %s больше не будет присылать вам письма."},
	UnsubscribeBack:   {"A mistake? Choose what you get", "Une erreur ? Choisissez ce que vous recevez", "Ein Versehen? Wählen Sie aus, was Sie bekommen", "Ошибка? Выберите, что получать"},

	PreferencesTitle:   {"Your choices at %s", "Vos choix chez %s", "Ihre Auswahl bei %s", "Ваш выбор в магазине %s"},
	PreferencesIntro:   {"Decide how %s may reach you. You can change this at any time.", "Décidez comment %s peut vous joindre. Vous pouvez changer d'avis à tout moment.", "Entscheiden Sie, wie %s Sie erreichen darf. Sie können das jederzeit ändern.", "Решите, как %s может с вами связаться. Это можно изменить в любое время."},
	PreferencesSave:    {"Save", "Enregistrer", "Speichern", "Сохранить"},
	PreferencesSaved:   {"Your choices are saved.", "Vos choix sont enregistrés.", "Ihre Auswahl ist gespeichert.", "Ваш выбор сохранён."},
	PreferencesHistory: {"What you decided so far", "Vos décisions jusqu'ici", "Was Sie bisher entschieden haben", "Ваши прежние решения"},
	PreferencesAllowed: {"allowed", "autorisé", "erlaubt", "разрешено"},
	PreferencesRefused: {"refused", "refusé", "abgelehnt", "отказано"},
	PreferencesPending: {"not confirmed yet", "pas encore confirmé", "noch nicht bestätigt", "ещё не подтверждено"},
	PreferencesSelf:    {"Remember what I look at and buy, and show me what suits me", "Retenir ce que je regarde et achète, et me montrer ce qui me convient", "Merken, was ich ansehe und kaufe, und mir Passendes zeigen", "Запоминать, что я смотрю и покупаю, и показывать подходящее"},
	ChannelEmail:       {"E-mail", "E-mail", "E-Mail", "Электронная почта"},
	ChannelSMS:         {"Text message", "SMS", "SMS", "СМС"},
	ChannelPhone:       {"Telephone", "Téléphone", "Telefon", "Телефон"},
	ChannelPost:        {"Post", "Courrier", "Post", "Почта"},

	NewsletterTitle:   {"Mail from %s", "La lettre de %s", "Post von %s", "Рассылка магазина %s"},
	NewsletterIntro:   {"News and offers of %s that suit you. No more than you want, and you can stop at any time.", "Les nouvelles et les offres de %s qui vous conviennent. Pas plus que vous ne voulez, et vous pouvez arrêter à tout moment.", "Neues und Angebote von %s, die zu Ihnen passen. Nicht mehr, als Sie möchten, und jederzeit abbestellbar.", "Новости и предложения магазина %s, которые вам подходят. Отписаться можно в любое время."},
	NewsletterEmail:   {"E-mail address", "Adresse e-mail", "E-Mail-Adresse", "Адрес электронной почты"},
	NewsletterName:    {"First name (if you like)", "Prénom (facultatif)", "Vorname (wenn Sie möchten)", "Имя (по желанию)"},
	NewsletterButton:  {"Subscribe", "S'abonner", "Anmelden", "Подписаться"},
	NewsletterConsent: {"I would like to get mail from %s and can withdraw this at any time.", "J'accepte de recevoir des messages de %s et je peux retirer cet accord à tout moment.", "Ich möchte E-Mails von %s bekommen und kann das jederzeit widerrufen.", "Я хочу получать письма от %s и могу отказаться в любое время."},
	NewsletterSent:    {"Nearly done: look into your mail. If the address is right, there is a mail from %s with a link to confirm.", "Presque terminé : regardez votre messagerie. Si l'adresse est correcte, un message de %s vous attend avec un lien de confirmation.", "Fast geschafft: Sehen Sie in Ihr Postfach. Wenn die Adresse stimmt, wartet dort eine E-Mail von %s mit einem Link zum Bestätigen.", "Почти готово: проверьте почту. Если адрес верный, там письмо от %s со ссылкой для подтверждения."},
	NewsletterWrong:   {"Please enter an e-mail address and tick the box.", "Veuillez saisir une adresse e-mail et cocher la case.", "Bitte geben Sie eine E-Mail-Adresse ein und setzen Sie das Häkchen.", "Введите адрес электронной почты и поставьте отметку."},

	ConfirmTitle:   {"Confirm your subscription", "Confirmez votre abonnement", "Anmeldung bestätigen", "Подтвердите подписку"},
	ConfirmAsk:     {"Shall %s send you mail from now on?", "Voulez-vous recevoir les messages de %s ?", "Soll %s Ihnen von nun an E-Mails schicken?", "Получать письма от %s?"},
	ConfirmButton:  {"Yes, confirm", "Oui, je confirme", "Ja, bestätigen", "Да, подтверждаю"},
	ConfirmDone:    {"Welcome! From now on you get mail from %s.", "Bienvenue ! Vous recevrez désormais les messages de %s.", "Willkommen! Von nun an bekommen Sie E-Mails von %s.", "Добро пожаловать! Теперь вы будете получать письма от %s."},
	ConfirmSubject: {"Please confirm: mail from %s", "Veuillez confirmer : la lettre de %s", "Bitte bestätigen: Post von %s", "Пожалуйста, подтвердите: рассылка %s"},
	ConfirmMail:    {"Somebody, probably you, asked for mail from %s at this address. If it was you, please confirm:", "Quelqu'un, sans doute vous, a demandé à recevoir les messages de %s à cette adresse. Si c'était vous, veuillez confirmer :", "Jemand, wahrscheinlich Sie, hat E-Mails von %s an diese Adresse bestellt. Wenn Sie es waren, bestätigen Sie bitte:", "Кто-то, вероятно вы, попросил присылать на этот адрес письма от %s. Если это были вы, подтвердите:"},
	ConfirmIgnore:  {"If it was not you, do nothing: you will hear no more.", "Si ce n'était pas vous, ne faites rien : vous ne recevrez plus rien.", "Wenn Sie es nicht waren, tun Sie nichts: Sie hören nichts mehr von uns.", "Если это были не вы, ничего не делайте: больше писем не будет."},

	EraseTitle:   {"Erase everything about you", "Tout effacer vous concernant", "Alles über Sie löschen", "Удалить все данные о вас"},
	EraseAsk:     {"Shall %s erase everything it knows of you? It cannot be undone.", "Faut-il que %s efface tout ce qui vous concerne ? C'est irréversible.", "Soll %s alles löschen, was dort über Sie bekannt ist? Das lässt sich nicht rückgängig machen.", "Удалить всё, что магазин %s знает о вас? Отменить это нельзя."},
	EraseButton:  {"Yes, erase it", "Oui, effacer", "Ja, löschen", "Да, удалить"},
	EraseDone:    {"%s has forgotten you.", "%s vous a oublié.", "%s hat Sie vergessen.", "Магазин %s удалил ваши данные."},
	EraseSubject: {"Please confirm: %s shall forget you", "Veuillez confirmer : %s doit vous oublier", "Bitte bestätigen: %s soll Sie vergessen", "Подтвердите: %s удалит ваши данные"},
	EraseMail:    {"Somebody, probably you, asked %s to erase everything about the owner of this address. If it was you, please confirm within a day:", "Quelqu'un, sans doute vous, a demandé à %s d'effacer tout ce qui concerne le titulaire de cette adresse. Si c'était vous, veuillez confirmer dans les 24 heures :", "Jemand, wahrscheinlich Sie, hat %s gebeten, alles über den Inhaber dieser Adresse zu löschen. Wenn Sie es waren, bestätigen Sie bitte innerhalb eines Tages:", "Кто-то, вероятно вы, попросил магазин %s удалить всё о владельце этого адреса. Если это были вы, подтвердите в течение суток:"},
	EraseIgnore:  {"If it was not you, do nothing: nothing will be erased.", "Si ce n'était pas vous, ne faites rien : rien ne sera effacé.", "Wenn Sie es nicht waren, tun Sie nichts: Es wird nichts gelöscht.", "Если это были не вы, ничего не делайте: ничего не будет удалено."},

	LinkEnded:     {"This link does not work any more", "Ce lien ne fonctionne plus", "Dieser Link funktioniert nicht mehr", "Эта ссылка больше не работает"},
	LinkEndedText: {"It is too old, or a part of it is missing. Please use the link in the newest mail.", "Il est trop ancien, ou une partie manque. Utilisez le lien du dernier message reçu.", "Er ist zu alt, oder ein Teil fehlt. Bitte benutzen Sie den Link in der neuesten E-Mail.", "Она устарела или неполна. Воспользуйтесь ссылкой из последнего письма."},
}
