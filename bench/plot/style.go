package main

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var gridGray = color.Gray{Y: 0xdd}

// The colours of Okabe and Ito, which colour-blind people can tell apart as well.
var colours = []color.RGBA{
	{R: 0x00, G: 0x00, B: 0x00, A: 0xff},
	{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff},
	{R: 0x00, G: 0x72, B: 0xb2, A: 0xff},
	{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff},
	{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff},
	{R: 0x80, G: 0x80, B: 0x80, A: 0xff},
	{R: 0x00, G: 0x9e, B: 0x73, A: 0xff},
	{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff},
}

var glyphs = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{},
	draw.CrossGlyph{},
}

// styleOf is the style of the peer's line, the i-th of its chart. Those of this project
// are thicker.
func styleOf(i int, peer string) (draw.LineStyle, draw.GlyphStyle) {
	thickness := vg.Points(1.25)
	if strings.HasPrefix(peer, "kinwire") {
		thickness = vg.Points(2.5)
	}
	c := colours[i%len(colours)]
	return draw.LineStyle{Color: c, Width: thickness},
		draw.GlyphStyle{Color: c, Radius: vg.Points(3.5), Shape: glyphs[i%len(glyphs)]}
}

// bigger has text that can still be read where the plot is shown at half its size.
func bigger(p *plot.Plot, legend *plot.Legend) {
	p.Title.TextStyle.Font.Size = vg.Points(16)
	p.Title.Padding = vg.Points(10)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font.Size = vg.Points(13)
		a.Label.Padding = vg.Points(5)
		a.Tick.Label.Font.Size = vg.Points(12)
	}
	legend.TextStyle.Font.Size = vg.Points(12)
	legend.ThumbnailWidth = vg.Points(30)
	legend.Padding = vg.Points(5)
	legend.Top, legend.Left = true, true
}
