package main

import (
	"bytes"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	width       = 10 * vg.Inch
	height      = 5 * vg.Inch
	legendWidth = 2.2 * vg.Inch
	legendDrop  = 0.4 * vg.Inch // below the title
	margin      = 0.15 * vg.Inch
)

func init() { plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"} }

func writeSVG(name string, p *plot.Plot, legend plot.Legend) error {
	canvas := vgsvg.New(width, height)
	drawPage(draw.New(canvas), p, legend)
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	return os.WriteFile(name, withFallbacks(svg.Bytes()), 0o644)
}

// drawPage draws the plot with the legend to its right, on white of its own.
func drawPage(page draw.Canvas, p *plot.Plot, legend plot.Legend) {
	page.SetColor(color.White)
	page.Fill(page.Rectangle.Path())
	page = draw.Crop(page, margin, -margin, margin, -margin)
	p.Draw(draw.Crop(page, 0, -legendWidth, 0, 0))
	legend.Draw(draw.Crop(page, page.Max.X-page.Min.X-legendWidth+margin, 0, 0, -legendDrop))
}

// withFallbacks names fonts of the same shape for where the plot's own is not installed.
func withFallbacks(svg []byte) []byte {
	const family = "font-family:Liberation Sans"
	return bytes.ReplaceAll(svg, []byte(family), []byte(family+",Arial,Helvetica,sans-serif"))
}
