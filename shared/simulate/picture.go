package simulate

import (
	"fmt"
	"hash/fnv"
	"html"
	"strings"

	"shopkeeper/shared/catalog"
)

// palette is the four colours of a picture: ground, body, shade, light.
type palette struct{ ground, body, shade, light string }

// palettes belong to the series: one design, one look, whatever it is on.
var palettes = []palette{
	{"#eef3ea", "#6f9273", "#4c6b52", "#c9dcc6"}, {"#e9f0f5", "#5784a3", "#38607d", "#c3d9e8"}, {"#f5ecf3", "#a5688f", "#7c4769", "#e3c6da"}, {"#f6f3e4", "#c2a24a", "#927628", "#efe0b2"},
	{"#e6f2f1", "#4f9a94", "#2f706b", "#bfe0dc"}, {"#f7ece6", "#c9764f", "#9a5331", "#f0ccb9"}, {"#edecea", "#8a7f74", "#62584f", "#d6cfc8"}, {"#fbf1dc", "#d99a2b", "#a87012", "#f7d998"},
	{"#f1edf6", "#8a73b5", "#634e8c", "#d7cbea"}, {"#eaf1f3", "#6d95a0", "#4a6f79", "#cfe1e6"}, {"#fdf0e2", "#e0813a", "#ab5a1c", "#f9cfa8"}, {"#e8ebf4", "#5a6aa8", "#3c4a80", "#c6cde8"},
	{"#f5e9ea", "#a8505c", "#7b323d", "#e5bcc2"}, {"#e7f1ee", "#5f9c86", "#3e7260", "#c5e2d8"}, {"#f2eef0", "#96708a", "#6c4c62", "#ddc9d5"}, {"#ebeaf2", "#6b6a8e", "#494867", "#cdcce0"},
}

// shapes are drawings on a field of 400 by 400, standing on y = 310. {b} is the body's colour, {s} the shade, {l} the light; {m} is where the series' motif goes; what is too small for one has none.
var shapes = map[string]string{
	"teapot":      `<path d="M128 210q0-70 76-70t76 70q0 96-76 96t-76-96z" fill="{b}"/><path d="M276 190q60-26 62 12t-46 62" fill="none" stroke="{s}" stroke-width="16" stroke-linecap="round"/><path d="M134 224q-50-8-66-66l-16-6" fill="none" stroke="{b}" stroke-width="24" stroke-linecap="round"/><path d="M150 152q54-30 108 0z" fill="{s}"/><circle cx="204" cy="124" r="13" fill="{s}"/>{m}`,
	"cup":         `<path d="M104 170h160v60q0 76-80 76t-80-76z" fill="{b}"/><path d="M262 186q54-8 52 34t-62 42" fill="none" stroke="{s}" stroke-width="15" stroke-linecap="round"/><ellipse cx="184" cy="170" rx="80" ry="17" fill="{s}"/><ellipse cx="184" cy="172" rx="66" ry="11" fill="{l}"/>{m}`,
	"pouch":       `<path d="M120 128h160l14 182H106z" fill="{b}"/><path d="M120 128h160l-4-32q-76 12-152 0z" fill="{s}"/><rect x="142" y="176" width="116" height="84" rx="10" fill="{l}"/>{m}`,
	"infuser":     `<circle cx="200" cy="232" r="74" fill="{b}"/><path d="M126 232h148" stroke="{s}" stroke-width="8"/><path d="M200 158q0-66 60-72" fill="none" stroke="{s}" stroke-width="6"/><circle cx="264" cy="86" r="9" fill="{s}"/><g fill="{l}"><circle cx="170" cy="268" r="6"/><circle cx="200" cy="278" r="6"/><circle cx="230" cy="268" r="6"/><circle cx="200" cy="254" r="6"/></g>{m}`,
	"pot":         `<path d="M142 310l20-112h84l20 112z" fill="{b}"/><path d="M162 198l-14-78h116l-18 78z" fill="{s}"/><path d="M262 140q50 6 44 96" fill="none" stroke="{s}" stroke-width="15" stroke-linecap="round"/><path d="M148 120l-26 22 34 12z" fill="{s}"/><path d="M156 118q50-38 100 0z" fill="{b}"/><circle cx="206" cy="92" r="10" fill="{s}"/>{m}`,
	"grinder":     `<path d="M130 220h140v90H130z" fill="{b}"/><path d="M148 220q0-62 52-62t52 62z" fill="{s}"/><path d="M200 158v-40h78" fill="none" stroke="{s}" stroke-width="11" stroke-linecap="round"/><circle cx="284" cy="112" r="15" fill="{b}"/><rect x="164" y="258" width="72" height="32" rx="5" fill="{l}"/>{m}`,
	"tin":         `<path d="M96 210h208v82q0 18-104 18t-104-18z" fill="{b}"/><ellipse cx="200" cy="210" rx="104" ry="26" fill="{s}"/><ellipse cx="200" cy="214" rx="88" ry="19" fill="{l}"/>{m}`,
	"canister":    `<path d="M126 150h148v142q0 18-74 18t-74-18z" fill="{b}"/><path d="M118 128h164v30q-82 22-164 0z" fill="{s}"/><ellipse cx="200" cy="128" rx="82" ry="17" fill="{l}"/><circle cx="200" cy="116" r="11" fill="{s}"/>{m}`,
	"star":        `<path d="M200 100l28 66 72 6-54 48 16 70-62-38-62 38 16-70-54-48 72-6z" fill="none" stroke="{b}" stroke-width="17" stroke-linejoin="round"/><circle cx="112" cy="280" r="28" fill="none" stroke="{s}" stroke-width="12"/><path d="M272 264h56v46h-56z" fill="none" stroke="{s}" stroke-width="12" stroke-linejoin="round"/>`,
	"pan":         `<path d="M76 196h196v74q0 40-40 40H116q-40 0-40-40z" fill="{b}"/><path d="M272 214h86" stroke="{s}" stroke-width="19" stroke-linecap="round"/><path d="M68 196h212q-20-36-106-36T68 196z" fill="{s}"/><circle cx="174" cy="150" r="12" fill="{s}"/>{m}`,
	"casserole":   `<path d="M84 202h232v62q0 46-46 46H130q-46 0-46-46z" fill="{b}"/><path d="M76 202h248q-24-44-124-44T76 202z" fill="{s}"/><rect x="182" y="136" width="36" height="22" rx="9" fill="{s}"/><path d="M84 222H62v26h22M316 222h22v26h-22" fill="none" stroke="{s}" stroke-width="13" stroke-linejoin="round"/>{m}`,
	"board":       `<path d="M112 108h176q16 0 16 16v170q0 16-16 16H112q-16 0-16-16V124q0-16 16-16z" fill="{b}"/><circle cx="200" cy="134" r="12" fill="{l}"/><path d="M124 180h152M124 214h152M124 248h152M124 280h152" stroke="{s}" stroke-width="3" opacity=".5"/>{m}`,
	"jar":         `<path d="M132 164h136q14 20 14 40v86q0 20-20 20H138q-20 0-20-20v-86q0-20 14-40z" fill="{b}"/><rect x="128" y="116" width="144" height="46" rx="10" fill="{s}"/><rect x="144" y="208" width="112" height="66" rx="8" fill="{l}"/>{m}`,
	"plate":       `<circle cx="200" cy="206" r="106" fill="{b}"/><circle cx="200" cy="206" r="84" fill="{l}"/><circle cx="200" cy="206" r="62" fill="{b}" opacity=".35"/>{m}`,
	"bowl":        `<path d="M88 196h224q0 106-78 114h-68q-78-8-78-114z" fill="{b}"/><ellipse cx="200" cy="196" rx="112" ry="26" fill="{s}"/><ellipse cx="200" cy="200" rx="94" ry="18" fill="{l}"/>{m}`,
	"glass":       `<path d="M128 130h66l-8 180h-50z" fill="{b}" opacity=".8"/><path d="M210 150h66l-8 160h-50z" fill="{s}" opacity=".7"/><ellipse cx="161" cy="130" rx="33" ry="8" fill="{l}"/><ellipse cx="243" cy="150" rx="33" ry="8" fill="{l}"/>`,
	"stand":       `<path d="M194 90h12v214h-12z" fill="{s}"/><ellipse cx="200" cy="262" rx="112" ry="19" fill="{b}"/><ellipse cx="200" cy="198" rx="82" ry="15" fill="{b}"/><ellipse cx="200" cy="140" rx="54" ry="11" fill="{b}"/><ellipse cx="200" cy="304" rx="56" ry="9" fill="{s}"/><circle cx="200" cy="84" r="13" fill="none" stroke="{s}" stroke-width="8"/>`,
	"candle":      `<path d="M120 180h58v130h-58zM196 140h62v170h-62z" fill="{b}"/><ellipse cx="149" cy="180" rx="29" ry="8" fill="{l}"/><ellipse cx="227" cy="140" rx="31" ry="8" fill="{l}"/><path d="M149 176v-22M227 136v-22" stroke="{s}" stroke-width="4"/><path d="M149 118q18 22 0 38-18-16 0-38zM227 78q18 22 0 38-18-16 0-38z" fill="#f4b942"/>{m}`,
	"candlestick": `<path d="M188 180h24v110h-24z" fill="{s}"/><path d="M138 310q0-26 62-26t62 26z" fill="{b}"/><path d="M160 168h80l-16 22h-48z" fill="{b}"/><path d="M184 92h32v76h-32z" fill="{l}"/><path d="M200 46q18 24 0 42-18-18 0-42z" fill="#f4b942"/><circle cx="200" cy="236" r="19" fill="{b}"/>{m}`,
	"lantern":     `<path d="M130 150h140v150H130z" fill="{l}"/><path d="M130 150h14v150h-14zM256 150h14v150h-14zM193 150h14v150h-14z" fill="{s}"/><path d="M118 150l52-46h60l52 46zM118 296h164v14H118z" fill="{b}"/><path d="M172 104q28-60 56 0" fill="none" stroke="{s}" stroke-width="9"/><path d="M200 214q22 30 0 52-22-22 0-52z" fill="#f4b942"/>`,
	"shade":       `<circle cx="200" cy="204" r="100" fill="{b}"/><path d="M200 104q-64 100 0 200M200 104q64 100 0 200M200 104q-118 100 0 200M200 104q118 100 0 200" fill="none" stroke="{l}" stroke-width="4"/><path d="M200 104V52" stroke="{s}" stroke-width="6"/><ellipse cx="200" cy="108" rx="24" ry="8" fill="{s}"/>{m}`,
	"cushion":     `<path d="M98 128q102 24 204 0 18 0 14 18-22 74 0 146 4 18-14 18-102-22-204 0-18 0-14-18 22-74 0-146-4-18 14-18z" fill="{b}"/><path d="M124 158q76 14 152 0-12 62 0 124-76-14-152 0 12-62 0-124z" fill="{l}" opacity=".55"/>{m}`,
	"throw":       `<path d="M110 110h180v150H110z" fill="{b}"/><path d="M110 110h180v44H110z" fill="{s}"/><path d="M110 214h180v20H110z" fill="{l}"/><path d="M118 260v42M142 260v48M166 260v42M190 260v48M214 260v42M238 260v48M262 260v42M284 260v48" stroke="{s}" stroke-width="6" stroke-linecap="round"/>{m}`,
	"towel":       `<path d="M84 112h232" stroke="{s}" stroke-width="13" stroke-linecap="round"/><path d="M124 112h152v198H124z" fill="{b}"/><path d="M124 264h152v12H124zM124 286h152v8H124z" fill="{l}"/><path d="M124 112h152v18H124z" fill="{s}" opacity=".5"/>{m}`,
	"apron":       `<path d="M158 112h84l12 60q44 20 44 60v78H102v-78q0-40 44-60z" fill="{b}"/><path d="M158 112q0-46 42-46t42 46" fill="none" stroke="{s}" stroke-width="9"/><path d="M150 232h100v48H150z" fill="{s}"/><path d="M106 214l-40 30M294 214l40 30" stroke="{s}" stroke-width="9" stroke-linecap="round"/>{m}`,
	"planter":     `<path d="M122 206h156l-18 104H140z" fill="{b}"/><path d="M110 184h180v28H110z" fill="{s}"/><path d="M200 184q-8-56-62-66 4 58 62 66zM200 184q4-76 62-96 6 72-62 96zM200 184v-84" fill="#7da06f" stroke="#587a4c" stroke-width="4"/>{m}`,
	"can":         `<path d="M120 178h130v132H120z" fill="{b}"/><path d="M250 268l78-100" stroke="{b}" stroke-width="19" stroke-linecap="round"/><path d="M310 142l44 30-18 18-38-30z" fill="{s}"/><path d="M120 214q-56-10-52 36t52 36" fill="none" stroke="{s}" stroke-width="13"/><path d="M130 178q54-70 110 0" fill="none" stroke="{s}" stroke-width="13"/>{m}`,
	"packet":      `<path d="M130 104h140v206H130z" fill="{b}"/><path d="M130 104h140v34H130z" fill="{s}"/><circle cx="200" cy="214" r="42" fill="{l}"/><g fill="{s}"><circle cx="200" cy="186" r="15"/><circle cx="226" cy="206" r="15"/><circle cx="216" cy="236" r="15"/><circle cx="184" cy="236" r="15"/><circle cx="174" cy="206" r="15"/></g><circle cx="200" cy="214" r="14" fill="#f4b942"/>`,
	"trowel":      `<path d="M200 310q-44-44-38-108h76q6 64-38 108z" fill="{b}"/><path d="M194 170h12v34h-12z" fill="{s}"/><path d="M184 76h32v98h-32z" fill="{l}"/><path d="M184 76q16-18 32 0z" fill="{s}"/><path d="M200 218v66" stroke="{s}" stroke-width="4"/>{m}`,
	"book":        `<path d="M118 100h156q10 0 10 10v200H128q-10 0-10-10z" fill="{b}"/><path d="M118 100h26v210h-16q-10 0-10-10z" fill="{s}"/><path d="M250 100v210" stroke="{l}" stroke-width="7"/>{m}`,
	"pencil":      `<g transform="rotate(12 200 200)"><path d="M140 130h28v160h-28zM186 110h28v180h-28zM232 140h28v150h-28z" fill="{b}"/><path d="M140 130l14-34 14 34zM186 110l14-34 14 34zM232 140l14-34 14 34z" fill="#ecd2a8"/><path d="M140 282h28v16h-28zM186 282h28v16h-28zM232 282h28v16h-28z" fill="{s}"/></g>{m}`,
	"card":        `<path d="M104 150h192v160H104z" fill="{s}"/><path d="M104 150l96 84 96-84z" fill="{b}"/><path d="M128 92h144v106l-72 62-72-62z" fill="{l}"/><path d="M104 150v160l80-86zM296 150v160l-80-86z" fill="{b}" opacity=".7"/>{m}`,
	"roll":        `<g transform="rotate(-24 200 210)"><path d="M80 180h240v64H80z" fill="{b}"/><ellipse cx="80" cy="212" rx="15" ry="32" fill="{l}"/><ellipse cx="320" cy="212" rx="15" ry="32" fill="{s}"/><path d="M180 180h38v64h-38z" fill="{s}"/></g>{m}`,
	"soap":        `<path d="M92 220q0-40 42-40h132q42 0 42 40v50q0 40-42 40H134q-42 0-42-40z" fill="{b}"/><path d="M112 216q0-22 26-22h124q26 0 26 22v20q0 22-26 22H138q-26 0-26-22z" fill="{l}"/><g fill="#fff" opacity=".8"><circle cx="118" cy="150" r="15"/><circle cx="150" cy="124" r="10"/><circle cx="286" cy="146" r="12"/></g>{m}`,
	"brush":       `<path d="M170 92h60q10 60 40 96H130q30-36 40-96z" fill="{b}"/><path d="M122 188h156v34H122z" fill="{s}"/><path d="M132 222v84M150 222v88M168 222v84M186 222v88M204 222v84M222 222v88M240 222v84M258 222v88" stroke="{l}" stroke-width="9" stroke-linecap="round"/><circle cx="200" cy="116" r="9" fill="{l}"/>`,
}

// motifs are the pattern of a series, drawn over the body, about (200, 236).
var motifs = []string{
	`<path d="M200 264v-52M200 226q-18-4-22-20 20 0 22 20zm0 16q18-4 22-20-20 0-22 20z" fill="none" stroke="{l}" stroke-width="5"/>`,
	`<path d="M152 240q12-14 24 0t24 0 24 0 24 0" fill="none" stroke="{l}" stroke-width="6"/>`,
	`<g fill="{l}"><circle cx="176" cy="236" r="8"/><circle cx="200" cy="228" r="8"/><circle cx="224" cy="236" r="8"/></g>`,
	`<path d="M176 250v-24M200 250v-32M224 250v-24" stroke="{l}" stroke-width="5" stroke-linecap="round"/>`,
	`<g fill="none" stroke="{l}" stroke-width="5"><circle cx="200" cy="236" r="20"/><circle cx="200" cy="236" r="9"/></g>`,
	`<circle cx="200" cy="238" r="17" fill="{l}"/><path d="M200 222q2-12 14-14" fill="none" stroke="{s}" stroke-width="5"/>`,
	`<path d="M176 242q24-30 48 0l-14-4-10 10-10-10z" fill="{l}"/>`,
	`<g stroke="{l}" stroke-width="5" stroke-linecap="round"><circle cx="200" cy="236" r="10" fill="{l}"/><path d="M200 212v-8M200 268v-8M176 236h-8M232 236h-8M183 219l-6-6M223 259l-6-6M217 219l6-6M177 259l6-6"/></g>`,
}

// labelled are the shapes whose motif lies on something light.
var labelled = map[string]bool{"pouch": true, "jar": true, "soap": true, "cushion": true, "plate": true}

// Picture draws an item: an SVG of 400 by 400, the same for the same item. The sort of goods gives the shape, the series the colours and the pattern; what it does not know it draws as a box.
func Picture(it catalog.Item) []byte {
	shape, design := "canister", number(it.ID)
	_, name, _ := strings.Cut(it.Category, " > ")
	for _, k := range kinds {
		if k.name == name {
			shape = k.shape
		}
	}
	for i, s := range series {
		if strings.HasPrefix(it.Title, s+" ") {
			design = i
		}
	}
	p := palettes[design%len(palettes)]
	motif := motifs[design%len(motifs)]
	if labelled[shape] {
		motif = strings.ReplaceAll(motif, "{l}", "{s}")
	}
	body := strings.Replace(shapes[shape], "{m}", motif, 1)
	body = strings.NewReplacer("{b}", p.body, "{s}", p.shade, "{l}", p.light).Replace(body)
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img"><title>%s</title>`+
		`<defs><radialGradient id="g" cx=".5" cy=".42" r=".75"><stop offset="0" stop-color="#fff"/><stop offset="1" stop-color="%s"/></radialGradient></defs>`+
		`<rect width="400" height="400" fill="url(#g)"/><ellipse cx="200" cy="316" rx="124" ry="13" fill="%s" opacity=".22"/>%s</svg>`,
		html.EscapeString(it.Title), p.ground, p.shade, body)
}

func number[T ~string](id T) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % 1024)
}
